"""Pure functions and values: no clock, network, disk, environment, log or random number."""
