"""The owner's own past lived again: once a day for the report, and when they ask for it."""
