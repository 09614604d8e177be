"""From the bytes of a record to what is to be sent, or the reason why not. Pure."""
