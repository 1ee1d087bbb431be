"""The deciding of predicates about files: pure functions from a predicate and the files to a verdict and what was seen."""
