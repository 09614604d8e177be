"""What the customer's own tenant tells that no page does: read by `check --live`."""
