"""What follows when Hull merged users: who waits for what, and which contacts end. Pure."""
