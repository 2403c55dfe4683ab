"""The version of SmartLoad; config.yaml, the changelog and pyproject.toml say the same."""

VERSION = "0.1.0"
