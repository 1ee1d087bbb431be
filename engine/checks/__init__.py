"""What the service itself judges of a repository: gates, its own rules, review, regressions, and which attempt is published. Predicates are in `plan`."""
