"""The service: reads changes from Kafka, decides what they mean, and brings Planhat up to date."""
