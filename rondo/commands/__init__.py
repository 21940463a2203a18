"""The commands, a module per subject: each parses arguments, and calls the client or reads the log."""
