"""Files in: sandboxed reading, formats, checks."""
