"""The service's own checks of a repository, and the choice of the best attempt. Predicates are in `engine.plan`."""
