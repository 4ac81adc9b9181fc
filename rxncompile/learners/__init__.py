"""Data -> Systems."""
