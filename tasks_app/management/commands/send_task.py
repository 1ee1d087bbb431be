"""`manage.py send_task`: posts a task as an evaluator would."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tasks_app.rehearsal.evaluator import SAMPLES, Service, TaskError, load_task, sample_names
from tasks_app.rehearsal.sending import Sending, complete, send

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = (
        "Post a task as an evaluator would; without an evaluation_url in it, listen on loopback and show the callback."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the task as JSON")
        what.add_argument("--sample", choices=sample_names(), help="one of the tasks that come with the service")
        parser.add_argument("--url", help="the service (default PUBLIC_URL)")
        parser.add_argument("--secret", help="the shared secret (default the task's own, then SECRET)")
        parser.add_argument(
            "--wait",
            action="store_true",
            help=(
                "exit 0 only for a round that is completed, live, not degraded, not late, and holds every decided check"
            ),
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object; progress goes to standard error"
        )
        parser.add_argument("--seconds", type=float, default=900.0, help="how long to follow the round (default 900)")
        for name in ("email", "task", "nonce"):
            parser.add_argument(
                f"--{name}",
                help=f"in place of the task's own {name}" + (" (default a fresh one)" if name == "nonce" else ""),
            )
        parser.add_argument("--round", type=int, help="in place of the task's own round")

    def handle(self, *_args: object, **options: Any) -> None:
        """Send the task; the exit code is 1 if there are problems."""
        sending = Sending(
            service=Service((options["url"] or settings.PUBLIC_URL).rstrip("/")),
            wait=options["wait"],
            as_json=options["json"],
            seconds=options["seconds"],
            out=sys.stdout,
            progress_to=sys.stderr if options["json"] else sys.stdout,
            signing_key=settings.WEBHOOK_SIGNING_KEY,
        )
        try:
            task = load_task(options["file"] or SAMPLES / f"{options['sample']}.json")
            changes = {name: options[name] for name in ("email", "task", "round", "nonce")}
            secret = options["secret"] or task.get("secret") or settings.SECRET
            sent = send(complete(task, secret=secret, changes=changes), sending)
        except TaskError as refusal:
            raise CommandError(str(refusal)) from None
        if sent.problems:
            raise CommandError("; ".join(sent.problems))
