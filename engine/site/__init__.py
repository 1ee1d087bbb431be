"""The service's own files in a repository (LICENSE, README, fallback page), and how Pages serves a path. No I/O."""
