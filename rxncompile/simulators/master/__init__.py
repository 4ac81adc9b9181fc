"""The master equation itself, and what it says of the long run."""
