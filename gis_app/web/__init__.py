"""The Flask surface."""
