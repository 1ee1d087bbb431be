"""The work inside a worker process: driving a round, renewing its lease, looking at watched pages."""
