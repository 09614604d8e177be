"""What Hull writes in other forms than that of its usual messages. Pure."""
