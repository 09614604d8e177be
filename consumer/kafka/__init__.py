"""The door to Kafka: nothing else imports aiokafka."""
