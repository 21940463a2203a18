"""What people use Rondo with beside HTTP: the command line and the typed client."""
