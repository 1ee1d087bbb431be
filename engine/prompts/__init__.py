"""The prompts for the writer and the judge: what a model is told, made of a request and its plan.

The plan's own prompt is in `engine.plan.prompt`. What never lives here: a call of a model, and what is made of its answer.
"""
