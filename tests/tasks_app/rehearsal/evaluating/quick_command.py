"""`python -m tests.tasks_app.rehearsal.evaluating.quick_command …`: `manage.py rehearse …` with a quick judge."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from tasks_app.rehearsal.judging.contracts import Result, TaskToJudge


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasks_app.settings")
    django.setup()
    from django.core.management import execute_from_command_line

    from tasks_app.management.commands import rehearse
    from tests.tasks_app.rehearsal.evaluating.endpoints import judged

    def slowly(task: TaskToJudge, _tools: object) -> list[Result]:
        time.sleep(0.3)
        return judged(task)

    rehearse.judge = slowly
    execute_from_command_line(["manage.py", "rehearse", *sys.argv[1:]])


if __name__ == "__main__":
    main()
