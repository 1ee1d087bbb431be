#!/usr/bin/env python3
"""Runs the project's commands: `manage.py serve`, `worker`, `send_task`, and Django's own."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command that the arguments name. A wrong setting ends it with a message, not with a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasks_app.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
