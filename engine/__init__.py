"""The engine: reads a request, has a model write a repository, checks it, publishes it and tells the evaluator. It does not know Django."""
