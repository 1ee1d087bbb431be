"""The plan: what a model read out of a request, in a form that code can check.

Everything that depends on the meaning of a brief's or a check's words is decided here and nowhere else. What never lives here: a call of a
model (`engine.steps.planning` makes it) and a pattern that guesses what a sentence means.
"""
