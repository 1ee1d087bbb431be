"""The port Browser: starts the check browser's process, bounds it, and reads what it reports."""
