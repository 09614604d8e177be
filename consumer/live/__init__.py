"""What the customer's own tenant tells that no page does: `check --live` asks it."""
