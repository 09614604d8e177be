"""The sandbox on a socket."""
