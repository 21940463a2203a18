"""Recurrence: the rules of RFC 5545, the days they give, and how a series goes on."""
