"""What every process needs and no part of Rondo is about: settings, logs, clocks, addresses, disks, an HTTP server."""
