"""What recorded the home before SmartLoad did: evcc's InfluxDB, Home Assistant's statistics."""
