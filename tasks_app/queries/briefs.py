"""A round's request as the engine's values: brief, checks, files, and files that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain import checks
from engine.domain.brief import AttachedFile, Brief, EarlierRound, MissingFile, Source
from tasks_app.models import MISSING, Attachment, Round, Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet


#: The most earlier rounds of a task that are read.
MOST_ASKED = 10


def brief_of(row: Round) -> Brief:
    """Return the brief with its available files."""
    return _brief(row, [f for f in row.attachments.all() if f.content is not None])


def bare_brief(row: Round) -> Brief:
    return _brief(row, ())


def checks_of(row: Round) -> tuple[checks.Check, ...]:
    return tuple(checks.parse_check(raw) for raw in row.checks)


def unfetched(row: Round) -> tuple[tuple[str, str], ...]:
    """Return name and address of each attachment that was not fetched yet."""
    left = row.attachments.filter(content=None, source=Source.REQUEST).exclude(url="")
    return tuple(left.values_list("name", "url"))


def unreadable(row: Round) -> tuple[MissingFile, ...]:
    """Return the attachments whose bytes could not be read from the request, with the reason."""
    found = row.attachments.filter(content=None, source=Source.REQUEST, url="")
    return tuple(MissingFile(one.name, one.note) for one in found)


def missing(row: Round) -> tuple[MissingFile, ...]:
    """Return the files that could not be fetched or made."""
    had = set(row.attachments.filter(content__isnull=False).values_list("name", flat=True))
    tried = [
        MissingFile(f.name.removeprefix(MISSING), f.note, Source(f.source), f.url)
        for f in row.attachments.filter(content=None).exclude(note="")
    ]
    return tuple(one for one in tried if one.name not in had)


def protected(row: Round) -> tuple[str, ...]:
    """Return the names of earlier rounds' attachments, removed rounds' too: these files must stay unchanged."""
    removed = Task.objects.filter(pk=row.task_key).values_list("attachment_names", flat=True).first()
    return tuple(sorted({*_earlier_files(row).order_by().values_list("name", flat=True), *(removed or ())}))


def own_before(row: Round) -> tuple[str, ...]:
    """Return the names of files that the service fetched or made in earlier rounds and that nobody attached."""
    attached = _earlier_files(row).filter(source=Source.REQUEST).values("name")
    own = _earlier_files(row).exclude(source=Source.REQUEST).exclude(name__in=attached)
    return tuple(own.order_by("name").values_list("name", flat=True).distinct())


def earlier_rounds(row: Round) -> tuple[EarlierRound, ...]:
    """Return the newest published rounds before this one, the oldest first."""
    newest = row.published_before().order_by("-number", "-published_at").only("number", "brief")[:MOST_ASKED]
    return tuple(EarlierRound(one.number, one.brief) for one in reversed(newest))


def _brief(row: Round, files: Iterable[Attachment]) -> Brief:
    return Brief(
        email=row.email,
        task=row.task_name,
        number=row.number,
        nonce=row.nonce,
        text=row.brief,
        checks=checks_of(row),
        attachments=tuple(
            AttachedFile(f.name, f.media_type, bytes(f.content or b""), Source(f.source), f.url, f.note) for f in files
        ),
    )


def _earlier_files(row: Round) -> QuerySet[Attachment]:
    earlier = Attachment.objects.filter(round__task_key=row.task_key, round__created_at__lt=row.created_at)
    return earlier.filter(content__isnull=False)
