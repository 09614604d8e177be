"""The history of deliveries: what became of each message of the last days."""
