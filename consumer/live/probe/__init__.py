"""What only writing answers: `check --live --write` asks it with contacts of its own."""
