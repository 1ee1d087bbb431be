"""The values of a round: brief, checks, lifecycle, budget, model calls, repositories. This package does no I/O."""
