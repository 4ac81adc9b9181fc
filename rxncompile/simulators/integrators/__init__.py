"""Integrators inside compiled code: thousands of solves at once, and exact derivatives of the numbers they return."""
