"""What a policy was worth: honest accounting and what follows from it."""
