"""What the sandbox stores, which record an item means, and how an upsert takes effect."""
