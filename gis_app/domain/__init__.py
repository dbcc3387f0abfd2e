"""Ground floor: standard library only."""
