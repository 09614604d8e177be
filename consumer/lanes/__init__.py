"""The ordered streams of payloads, one for each resource of Planhat. Pure."""
