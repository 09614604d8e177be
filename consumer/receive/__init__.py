"""Hull's own posts become records of the topic: for those who have no bridge."""
