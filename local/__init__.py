"""The embedded stack: everything that Rondo needs, on one machine, in one data directory."""
