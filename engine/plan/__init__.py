"""The plan: how a model read a request, in a form that code can check.

Only this package uses the meaning of a brief's or a check's words, and only through a plan: no pattern guesses what a
sentence means. `engine.steps.planning` calls the model.
"""
