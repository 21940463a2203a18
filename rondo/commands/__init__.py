"""The commands, by subject: a file here parses what was typed, and asks the client or the log."""
