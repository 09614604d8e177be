"""Which records are read, and up to where everything is final. Pure."""
