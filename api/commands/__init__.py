"""Commands: taken onto the log, and answered with what became of them."""
