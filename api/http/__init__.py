"""HTTP as this API speaks it: requests read strictly, problems, preconditions, paging, the OpenAPI document."""
