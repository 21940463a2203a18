"""The contract: Avro schemas, the typed records that mirror them, the topics that carry them, codec and registry."""
