"""From records and answers to requests and final offsets: the one owner of all work. Pure."""
