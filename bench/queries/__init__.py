"""The API's queries of the views, compared with SQL written by hand."""
