"""What people and machines see of the service: logs, metrics, traces, console, probes."""
