"""What is told in the outcomes topic, beside the lines of messages."""
