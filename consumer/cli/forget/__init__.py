"""`hull-planhat forget`: contacts that are deleted for good, and what is left of them elsewhere."""
