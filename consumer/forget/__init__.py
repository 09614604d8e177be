"""Who is to be forgotten, what of them is where, and what a receipt says of it. Pure."""
