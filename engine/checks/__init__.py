"""The service's own judgement of a repository: gates, own rules, review, regressions, choice of the best attempt.

Predicates are in `engine.plan`.
"""
