"""Read-only queries from rows to the engine's values: briefs, plans, the history of attempts."""
