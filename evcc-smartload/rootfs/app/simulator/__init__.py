"""A simulated home behind an evcc that answers as the real one does."""
