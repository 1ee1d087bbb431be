"""The base of the operators' commands."""
