"""The operators' console: all rows, read-only. Django's autodiscovery finds the registrations here."""

from __future__ import annotations

from tasks_app.admin import attempts, evidence, operations, rounds
from tasks_app.admin.console import console

__all__ = ["attempts", "console", "evidence", "operations", "rounds"]
