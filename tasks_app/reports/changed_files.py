"""Attachments of which a round's tree holds another version, or none any more: the original beside what became of it. Reading only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.repository import Origin
from engine.formats.line_diff import line_diff
from engine.formats.text_encoding import decode
from tasks_app.models import Attachment, Commit, SourceFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tasks_app.models import Attempt, Round

#: So many files are shown, and texts of this many bytes compared.
MOST_FILES = 10
LONGEST_COMPARED = 200_000


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """An attachment and what became of it: SHA-256 and bytes of both, `now` None where it was removed.

    `diff` as of `engine.formats.line_diff`; empty with the reason in `why_not` where the two cannot be compared.
    """

    name: str
    original: bytes
    original_sha256: str
    now: bytes | None
    now_sha256: str
    diff: tuple[str, ...] = ()
    why_not: str = ""


def changed_files(row: Round, attempt: Attempt | None) -> list[ChangedFile]:
    """Return the attachments that an attempt's tree holds changed, or not at all, the first MOST_FILES of them."""
    if attempt is None:
        return []
    before = _commit_before(row, attempt)
    changed = _changed(row, attempt, before)
    names = sorted(changed)[:MOST_FILES]
    if not names:
        return []
    now, originals = _contents(attempt.pk, names), _contents(before.attempt_id, names) if before else {}
    own = row.attachments.filter(name__in=names).values_list("name", "content")
    originals |= {name: bytes(content or b"") for name, content in own}
    return [_compared(name, originals.get(name, b""), changed[name], now.get(name)) for name in names]


def _changed(row: Round, attempt: Attempt, before: Commit | None) -> Mapping[str, tuple[str, str]]:
    """Return SHA-256 as attached and as it is now, by name; of an earlier round's attachment as the round before left it."""
    present = dict(attempt.files.values_list("path", "sha256"))
    if not present:
        return {}
    attached = dict(row.attachments.exclude(sha256="").values_list("name", "sha256"))
    others = Attachment.objects.filter(round__task_key=row.task_key, round__created_at__lt=row.created_at)
    names = set(others.values_list("name", flat=True)) - attached.keys() if before else set()
    if before and names:
        files = SourceFile.objects.filter(attempt=before.attempt_id, path__in=names)
        rewritten = set(attempt.files.filter(path__in=names, origin=Origin.MODEL).values_list("path", flat=True))
        gone = names - present.keys()
        attached |= {path: sha for path, sha in files.values_list("path", "sha256") if path in rewritten | gone}
    return {name: (sha, present.get(name, "")) for name, sha in attached.items() if present.get(name, "") != sha}


def _commit_before(row: Round, attempt: Attempt) -> Commit | None:
    """Return what was published last when the attempt was begun."""
    pushed = Commit.objects.filter(
        round__task_key=row.task_key, pushed_at__lt=attempt.started_at, attempt__isnull=False
    )
    return pushed.order_by("-pushed_at", "-pk").first()


def _contents(attempt: int | None, names: Collection[str]) -> dict[str, bytes]:
    files = SourceFile.objects.filter(attempt=attempt, path__in=names).values_list("path", "content")
    return {path: bytes(content) for path, content in files}


def _compared(name: str, original: bytes, hashes: tuple[str, str], now: bytes | None) -> ChangedFile:
    diff, why_not = _diff(original, now)
    return ChangedFile(name, original, hashes[0], now, hashes[1], tuple(diff), why_not)


def _diff(original: bytes, now: bytes | None) -> tuple[list[str], str]:
    """Return the lines that differ, or why there are none to be shown."""
    if now is None:
        return [], "It was removed."
    if max(len(original), len(now)) > LONGEST_COMPARED:
        return [], "The files are too long to be compared here."
    before, after = decode(original), decode(now)
    if before is None or after is None:
        return [], "It is no text."
    found = line_diff(before.text, after.text)
    if found is None:
        return [], "Too many lines differ to be compared here."
    return found, "" if found else "No line differs: only line ends do."
