"""What starts, watches and ends processes, and what runs in each. What a worker does with a round is in `worker`."""
