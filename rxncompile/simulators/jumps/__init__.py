"""Jump processes: exact sampling in lanes, directly or by rejection."""
