"""Use cases; each owns its transaction and knows no HTTP."""
