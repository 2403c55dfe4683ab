"""The history in one SQLite file: what was measured, forecast, decided and written to evcc."""
