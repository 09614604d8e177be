"""Files of Hull's messages and extracts: read in a stream, row by row, with their line numbers."""
