"""How quickly tasks are found: what the API asks of the views, beside the same asked by hand."""
