"""What becomes of a profile beyond its changes: Hull merges it into another. Pure."""
