"""The operators' console: every row, read-only. Django's autodiscovery looks here for the registrations."""

from __future__ import annotations

from tasks_app.admin import attempts, evidence, operations, rounds
from tasks_app.admin.console import console

__all__ = ["attempts", "console", "evidence", "operations", "rounds"]
