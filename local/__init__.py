"""The embedded stack: everything that Rondo needs, on one machine, under one data directory."""
