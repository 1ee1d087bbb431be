"""Judging: what is found on repositories and pages with planted faults."""
