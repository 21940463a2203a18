"""The HTTP API: authenticates and validates requests, appends commands to the log, and reads from the views."""
