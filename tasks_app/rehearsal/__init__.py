"""The evaluator as this project plays it: posts tasks, receives callbacks, verifies what was published. It knows the service by HTTP alone."""
