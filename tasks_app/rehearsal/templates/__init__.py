"""Templates of tasks: reading them from YAML, and filling them in for one submission."""
