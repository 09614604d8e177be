"""What we write to Kafka: dead letters, their replays, and results for Hull."""
