"""`hull-planhat history`: what became of a profile in the last days."""
