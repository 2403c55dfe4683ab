"""From a plan to evcc's levers: what is wanted, what is allowed, whose value stands there."""
