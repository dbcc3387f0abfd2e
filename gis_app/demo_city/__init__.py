"""A synthetic city, pure and seeded: boundaries, streets, hazards, patrols."""
