"""What holds for all tests."""

from hypothesis import settings

# The same examples on every machine and at every run; how long one takes says nothing about us.
settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
settings.load_profile("reproducible")
