"""The steps of a round: each takes a frozen input and ports and returns an outcome. No rows, no sleeping."""
