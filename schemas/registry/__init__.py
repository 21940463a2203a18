"""The schema registry: a client for any that speaks Confluent's REST API, and an embedded server of its needed part."""
