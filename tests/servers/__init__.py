"""Real throw-away servers for tests, each one a plain context manager."""
