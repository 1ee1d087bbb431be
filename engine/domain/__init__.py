"""The values of a round: brief, checks, lifecycle, budget, model calls, repositories. They decide nothing about files and contact nobody."""
