"""Decides predicates about files: pure functions of a predicate and the files, which return a finding."""
