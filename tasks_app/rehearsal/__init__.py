"""The evaluator as this project plays it: posts tasks, receives callbacks, verifies publications, all over HTTP."""
