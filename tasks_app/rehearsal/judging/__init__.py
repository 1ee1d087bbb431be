"""Judges what a submission published: its callback, repository, page and texts."""
