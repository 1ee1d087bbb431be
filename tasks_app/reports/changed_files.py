"""Attachments that a round's tree changes or lacks: the original beside the present version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.repository import Origin
from engine.formats.text_encoding import decode
from tasks_app.models import Attachment, Commit, SourceFile
from tasks_app.reports.line_diff import line_diff

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tasks_app.models import Attempt, Round

#: The most files that are shown, and the most bytes of a text that is compared.
MOST_FILES = 10
LONGEST_COMPARED = 200_000


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """An attachment and its present version: SHA-256 and bytes of both; `now` is None if the tree lacks it.

    `diff` is the result of `tasks_app.reports.line_diff`, or empty, with the reason in `why_not`.
    """

    name: str
    original: bytes
    original_sha256: str
    now: bytes | None
    now_sha256: str
    diff: tuple[str, ...] = ()
    why_not: str = ""


def changed_files(row: Round, attempt: Attempt | None) -> list[ChangedFile]:
    """Return the first MOST_FILES attachments that an attempt's tree changes or lacks."""
    if attempt is None:
        return []
    before = commit_before(row, attempt)
    changed = _changed(row, attempt, before)
    names = sorted(changed)[:MOST_FILES]
    if not names:
        return []
    now, originals = _contents(attempt.pk, names), _contents(before.attempt_id, names) if before else {}
    own = row.attachments.filter(name__in=names).values_list("name", "content")
    originals |= {name: bytes(content or b"") for name, content in own}
    return [_compared(name, originals.get(name, b""), changed[name], now.get(name)) for name in names]


def _changed(row: Round, attempt: Attempt, before: Commit | None) -> Mapping[str, tuple[str, str]]:
    """Return original and present SHA-256 by name. An earlier attachment counts as its round's tree left it."""
    present = dict(attempt.files.values_list("path", "sha256"))
    if not present:
        return {}
    attached = dict(row.attachments.exclude(sha256="").values_list("name", "sha256"))
    others = Attachment.objects.filter(round__task_key=row.task_key, round__created_at__lt=row.created_at)
    names = set(others.values_list("name", flat=True)) - attached.keys() if before else set()
    if before and names:
        files = SourceFile.objects.filter(attempt=before.attempt_id, path__in=names)
        rewritten = set(attempt.files.filter(path__in=names, origin=Origin.MODEL).values_list("path", flat=True))
        removed = names - present.keys()
        attached |= {path: sha for path, sha in files.values_list("path", "sha256") if path in rewritten | removed}
    return {name: (sha, present.get(name, "")) for name, sha in attached.items() if present.get(name, "") != sha}


def commit_before(row: Round, attempt: Attempt) -> Commit | None:
    """Return the task's newest publication when the attempt began."""
    pushed = Commit.objects.filter(
        round__task_key=row.task_key, pushed_at__lt=attempt.started_at, attempt__isnull=False
    )
    return pushed.order_by("-pushed_at", "-pk").first()


def _contents(attempt: int | None, names: Collection[str]) -> dict[str, bytes]:
    files = SourceFile.objects.filter(attempt=attempt, path__in=names).values_list("path", "content")
    return {path: bytes(content) for path, content in files}


def _compared(name: str, original: bytes, hashes: tuple[str, str], now: bytes | None) -> ChangedFile:
    diff, why_not = lines_that_differ(original, now)
    return ChangedFile(name, original, hashes[0], now, hashes[1], tuple(diff), why_not)


def lines_that_differ(original: bytes, now: bytes | None) -> tuple[list[str], str]:
    """Return the lines that differ, or why they cannot be shown."""
    if now is None:
        return [], "It was removed."
    if max(len(original), len(now)) > LONGEST_COMPARED:
        return [], "The files are too long to be compared here."
    before, after = decode(original), decode(now)
    if before is None or after is None:
        return [], "It is no text."
    changed_lines = line_diff(before.text, after.text)
    if changed_lines is None:
        return [], "Too many lines differ to be compared here."
    return changed_lines, "" if changed_lines else "No line differs: only line ends do."
