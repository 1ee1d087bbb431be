"""Rows of files that the service fetched or made for a round, or could not get. The journal writes them, fenced."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db.models import Max

from engine.domain.brief import Source
from tasks_app.models import MISSING, Attachment
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from engine.domain.brief import AttachedFile, MissingFile


def attachment_keep(*, round_id: UUID, file: AttachedFile) -> None:
    """Store a file that was fetched or made, or a detail about an attached file."""
    _store(
        round_id,
        file,
        name=file.name,
        media_type=file.media_type[:255],
        url=file.url,
        content=file.content,
        sha256=hashlib.sha256(file.content).hexdigest(),
        note=keepable(file.note),
    )


def attachment_miss(*, round_id: UUID, missing: MissingFile) -> None:
    """Store why a file is missing, unless it is there. The row's name stays free for another file."""
    prefix = "" if missing.source is Source.REQUEST else MISSING
    if not _row_of(round_id, missing).filter(content__isnull=False).exists():
        _store(round_id, missing, name=prefix + missing.name, url=missing.url, note=keepable(missing.why))


def _row_of(round_id: UUID, file: AttachedFile | MissingFile) -> QuerySet[Attachment]:
    """Return the file's row. A fetched file is found by its address, whatever name it has now."""
    sourced = Attachment.objects.filter(round_id=round_id, source=file.source)
    if file.source is Source.ADDRESS:
        return sourced.filter(url=file.url)
    return sourced.filter(name__in=(file.name, MISSING + file.name))


def _store(round_id: UUID, file: AttachedFile | MissingFile, **columns: object) -> None:
    """Write the file's row. If another row has its name, write nothing: a replay makes the file again."""
    files = Attachment.objects.filter(round_id=round_id)
    row = _row_of(round_id, file).first()
    others = files.exclude(pk=row.pk) if row else files
    if others.filter(name=columns["name"]).exists():
        return
    if row:
        files.filter(pk=row.pk).update(**columns)
        return
    position = (files.aggregate(last=Max("position"))["last"] or 0) + 1
    Attachment.objects.create(round_id=round_id, position=position, source=file.source.value, **columns)
