#!/usr/bin/env python3
"""Runs the project's commands: `manage.py serve`, `worker`, `send_task`, and Django's own."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command that the arguments name. Wrong settings and an unusable database end it with a message."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasks_app.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError, InterfaceError

    from tasks_app.privacy import close_new_files

    close_new_files()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except (DatabaseError, InterfaceError) as error:
        from tasks_app.operations.connections import is_unusable, why_unusable

        if "--traceback" in sys.argv or not is_unusable(error):
            raise
        sys.exit(why_unusable(error))


if __name__ == "__main__":
    main()
