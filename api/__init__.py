"""The HTTP ingress: authenticates, validates, encodes, produces; reads from the views."""
