"""What clients send and receive, as pydantic models."""
