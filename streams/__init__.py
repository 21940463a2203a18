"""The stages of the pipeline, the runtime that makes them exactly once, and what replays and verifies them."""
