"""Lives a past again, in closed loop, once for each policy."""
