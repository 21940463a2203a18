"""Measures the runtime beside its peers, on the same work, in one run: ``python -m bench``, see docs/benchmarks.md."""
