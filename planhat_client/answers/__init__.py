"""What an answer of Planhat means, what it proves of each item, and its texts made fit to show."""
