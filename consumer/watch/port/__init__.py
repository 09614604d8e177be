"""The one HTTP port: who may connect, what is asked, and the way back."""
