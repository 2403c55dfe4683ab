"""The words of SmartLoad: frozen types without I/O that every other part speaks in."""
