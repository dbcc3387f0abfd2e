"""Files out: rows of a layer in the formats offices use, in any reference system."""
