"""Pure patrol planning."""
