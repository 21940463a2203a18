"""Benchmarks of the runtime and its peers, on the same work in one run: ``python -m bench``, see docs/benchmarks.md."""
