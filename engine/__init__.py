"""Turns a brief into a published, checked page.

The one rule of this package: it has never heard of Django, of the database or of the environment. Everything from outside comes in
through `engine.ports`; `tasks_app` builds the real ports and writes the rows.
"""
