"""The repository's tree: what a model wrote, what came attached and what the service adds, put together by the plan."""
