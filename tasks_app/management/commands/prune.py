"""`manage.py prune`: removes data that is older than the settings allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.db import connection

from tasks_app.management.round_command import RoundCommand
from tasks_app.operations import retention

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.management.base import CommandParser

    from tasks_app.operations.retention import Removed


class Command(RoundCommand):
    help = (
        "Remove what is older than KEEP_SCREENSHOTS_DAYS, KEEP_PROMPTS_DAYS and KEEP_ROUNDS_DAYS say, in small steps; "
        "it can be interrupted and started again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="count only")
        parser.add_argument(
            "--vacuum", action="store_true", help="SQLite: give the room back to the disk; writers wait meanwhile"
        )

    def handle(self, *_args: object, **options: Any) -> None:
        if options["vacuum"] and connection.vendor != "sqlite":
            raise CommandError("--vacuum is for SQLite: PostgreSQL uses the room again by itself", returncode=2)
        removed = _sum_by_name(retention.count() if options["dry_run"] else retention.prune())
        if options["vacuum"] and not options["dry_run"]:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM")
        free = _free()
        if options["json"]:
            removed_rows = [{"what": name, "rows": rows, "bytes": size} for name, (rows, size) in removed.items()]
            self.say_json({"dry_run": options["dry_run"], "removed": removed_rows, "free_bytes_in_the_file": free})
            return
        if not retention.is_asked_for():
            self.say("no KEEP_…_DAYS is set: everything is kept for ever, but for logins that have run out")
        for name, (rows, size) in removed.items():
            self.say(_line(name, rows, size, dry=options["dry_run"]))
        if free is not None:
            self.say(f"free in the database's file, to be used again: {_megabytes(free)}")


def _sum_by_name(batches: Iterable[Removed]) -> dict[str, tuple[int, int]]:
    sums: dict[str, tuple[int, int]] = {}
    for batch in batches:
        rows, size = sums.get(batch.name, (0, 0))
        sums[batch.name] = (rows + batch.rows, size + batch.size)
    return sums


def _line(name: str, rows: int, size: int, *, dry: bool) -> str:
    if dry:
        return (
            f"{name}: {f'more than {rows - 1:,}' if rows == retention.MOST_COUNTED else f'{rows:,}'} would be removed"
        )
    return f"{name}: {rows:,} removed" + (f", about {_megabytes(size)}" if size else "")


def _free() -> int | None:
    """Return the free bytes in SQLite's file that it will use again, None with another database."""
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA freelist_count").fetchone()[0]
        return int(pages * cursor.execute("PRAGMA page_size").fetchone()[0])


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
