"""The broker beside the stages: creates and checks topics, reads committed records, compares clocks."""
