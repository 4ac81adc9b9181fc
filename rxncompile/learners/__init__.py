"""Data to parameters: what is found by numbers, not by algebra."""
