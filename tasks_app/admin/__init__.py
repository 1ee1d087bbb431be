"""The operators' console: all rows, read-only. Django's autodiscovery finds the registrations here."""

from __future__ import annotations

from tasks_app.admin import attempts, evidence, operations, rounds
from tasks_app.admin.console import console
from tasks_app.admin.rehearsals import issued_tasks, rehearsals, submissions

__all__ = ["attempts", "console", "evidence", "issued_tasks", "operations", "rehearsals", "rounds", "submissions"]
