"""A published repository's own files: its name, LICENSE, README, fallback page, and what its addresses serve. No model and no network."""
