"""What the operators' commands have in common."""
