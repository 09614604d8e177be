"""The bytes of fetches as batches of records: cut, unpacked, read; a fault costs one record."""
