"""The console: one page, and the JSON behind it, that answer "was it synced, and if not, why?"."""
