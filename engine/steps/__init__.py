"""A round's five steps: (frozen input, ports) -> outcome. No ORM, no sleeping."""
