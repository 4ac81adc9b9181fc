"""Pure functions from nouns to Systems: one idea a file, sympy only."""
