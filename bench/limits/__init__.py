"""The worst requests that each route accepts, and the latency of another user meanwhile."""
