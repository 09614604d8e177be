"""What became of messages and profiles, and what they still wait for: for logs and the console."""
