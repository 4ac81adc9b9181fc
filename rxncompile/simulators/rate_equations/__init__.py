"""Ordinary differential equations by scipy's integrators on compiled functions, events, steady states."""
