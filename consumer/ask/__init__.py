"""Asked of Planhat beside the batches: directories, moved contacts, whether it lets us in."""
