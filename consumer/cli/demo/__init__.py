"""The main job on one machine: a workload, an embedded Kafka, the sandbox, and a reconciliation."""
