"""Forecasts, each a thin shell over pure functions of what was known at the time."""
