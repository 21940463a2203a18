"""The HTTP layer: strict parsing of requests, problems, preconditions, paging, the OpenAPI document."""
