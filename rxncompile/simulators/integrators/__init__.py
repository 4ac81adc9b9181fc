"""One-step methods for ordinary differential equations inside compiled code: no Python between steps."""
