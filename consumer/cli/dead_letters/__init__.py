"""`hull-planhat dead-letters`: what was rejected, looked at and brought back."""
