"""The stages of the pipeline, their pure domain and the runtime that makes them exactly once."""
