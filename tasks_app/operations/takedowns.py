"""Takedowns: an operator takes a published page down, and may put it back.

A takedown is a row before it is an effect. A worker claims the row, has the forge do it, and tries again until the
forge has done it; each of the forge's calls may be repeated. While the row stands, no later round of the task
publishes. A claim is a row without an error whose `next_at` is ahead. What an operator asks for during a claim is due
when the claim ends, because a worker may be in the middle of the opposite.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q

from engine.domain.repository import PagesSource, Reach, Repository
from tasks_app.models import Event, Round, Takedown
from tasks_app.operations import clock
from tasks_app.operations.events import kept_reason
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

#: A claim expires after this; then another worker takes the row.
CLAIM = timedelta(seconds=90)

NOT_PUBLISHED = "Nothing of this round is published."
NOT_DOWN = "The page is not taken down."


class TakedownRefusedError(Exception):
    """The act is not possible now; the message says why."""


def takedown_of(row: Round) -> Takedown | None:
    """Return the takedown that holds for the repository to which a round publishes; None without one."""
    place = row.publishes_to()
    return _standing(place.owner, place.name).first() if place else None


def takedown_ask(*, round_id: UUID, who: str, reach: Reach | None = None, reason: str = "") -> Takedown:
    """Have a round's page taken down. An unfinished takedown is tried again now.

    Without a `reach` and a `reason` those of a takedown that stands stay, and a new one leaves the repository as it
    is. Raises TakedownRefusedError, Round.DoesNotExist.
    """
    row, now, why = _row(round_id), clock.now(), kept_reason(reason)
    if not (row.published_at and row.repository):
        raise TakedownRefusedError(NOT_PUBLISHED)
    try:
        with transaction.atomic():
            takedown = Takedown.objects.create(
                owner=row.owner, repository=row.repository, repo_url=row.repo_url, pages_url=row.pages_url,
                pages_source=row.pages_source, round_id=row.pk, reach=reach or Reach.PAGES, reason=why, asked_at=now,
                asked_by=who[:150], next_at=now,
            )  # fmt: skip
            _event(row, who, "takedown asked", _asked(takedown))
    except IntegrityError:
        return _ask_again(row, who, reach, why)
    return takedown


def _ask_again(row: Round, who: str, reach: Reach | None, why: str) -> Takedown:
    with transaction.atomic():
        takedown = _standing(row.owner, row.repository).select_for_update().first()
        if takedown is None or takedown.undo_at:
            raise TakedownRefusedError("The page is being put back at this moment. Look again.")
        changes: dict[str, object] = {}
        if reach and reach != takedown.reach:
            _refuse_reach(takedown)
            changes["reach"] = reach
        if why and why != takedown.reason:
            changes["reason"] = why
        if takedown.down_at is None:
            changes["next_at"] = _due(takedown)
        if changes:
            Takedown.objects.filter(pk=takedown.pk).update(**changes)
            takedown.refresh_from_db()
            _event(row, who, "takedown asked again", _asked(takedown))
    return takedown


def _refuse_reach(takedown: Takedown) -> None:
    """Refuse another reach if the forge has done the present one, or a part of it that the new one would not undo."""
    words = WORDS[Reach(takedown.reach)]
    if takedown.down_at:
        raise TakedownRefusedError(f"The page is down already ({words}). Put it back first to change that.")
    if takedown.reach != Reach.PAGES and takedown.next_at != takedown.asked_at:
        raise TakedownRefusedError(f"A worker has begun ({words}). Put the page back first to change that.")


def takedown_undo(*, round_id: UUID, who: str) -> Takedown:
    """Have a page put back. What failed is tried again now. Raises TakedownRefusedError, Round.DoesNotExist."""
    row = _row(round_id)
    with transaction.atomic():
        place = row.publishes_to()
        takedown = _standing(place.owner, place.name).select_for_update().first() if place else None
        if takedown is None:
            raise TakedownRefusedError(NOT_DOWN)
        takedown.next_at = _due(takedown)
        if takedown.undo_at is None:
            takedown.undo_at, takedown.undo_by, takedown.error = clock.now(), who[:150], ""
        takedown.save(update_fields=["next_at", "undo_at", "undo_by", "error"])
        _event(row, who, "page to be put back", str(takedown))
    return takedown


def _due(takedown: Takedown) -> datetime:
    """Return when what is asked for now is due: at once, or when the claim under way ends."""
    now = clock.now()
    return takedown.next_at if takedown.next_at and takedown.next_at > now and not takedown.error else now


def takedowns_due() -> int:
    return Takedown.objects.filter(next_at__lte=clock.now()).count()


def takedowns_failing(*, before: datetime) -> QuerySet[Takedown]:
    """Return what was asked for before a moment and is not done, and what nobody tries again."""
    going_down, going_back = Q(undo_at=None, down_at=None), Q(undo_at__isnull=False)
    late = (going_down & Q(asked_at__lt=before)) | (going_back & Q(undo_at__lt=before))
    return Takedown.objects.filter(late | ((going_down | going_back) & Q(next_at=None)), back_at=None)


def takedown_claim(pk: int | None = None) -> Takedown | None:
    """Claim a row that is due, or the row `pk`, for CLAIM; None without one."""
    now = clock.now()
    due = Takedown.objects.filter(next_at__lte=now, **({"pk": pk} if pk else {}))
    for takedown in due.order_by("next_at"):
        if _as_asked(takedown).update(next_at=now + CLAIM, error=""):
            takedown.next_at, takedown.error = now + CLAIM, ""
            return takedown
    return None


def takedown_done(takedown: Takedown, *, gone: str = "") -> bool:
    """Record that the forge has done what was asked; say whether it is recorded.

    If an operator asked for something else meanwhile, that is due now. `gone` says why there was nothing to put back.
    """
    now = clock.now()
    name, who, what = ("back_at", takedown.undo_by, "page put back") if takedown.undo_at else (
        "down_at", takedown.asked_by, "page taken down"
    )  # fmt: skip
    if not _as_asked(takedown).update(**{name: now}, next_at=None, error=keepable(gone)):
        _asked_otherwise(takedown)
        return False
    takedown.refresh_from_db()
    _event_of(takedown, who, "takedown ended" if gone else what, keepable(gone))
    return True


def takedown_failed(takedown: Takedown, *, error: str, at: datetime | None) -> None:
    """Record why the forge did not do it, and when it is tried again: None if only an operator can help."""
    text = keepable(error)
    with transaction.atomic():
        if not _as_asked(takedown).update(next_at=at, error=text):
            _asked_otherwise(takedown)
        elif at is None:
            _event_of(takedown, "service", "takedown failed", text)


def _as_asked(takedown: Takedown) -> QuerySet[Takedown]:
    """Return the row if nobody has claimed it or asked for something else since it was read."""
    return _claimed(takedown).filter(undo_at=takedown.undo_at, reach=takedown.reach)


def _claimed(takedown: Takedown) -> QuerySet[Takedown]:
    return Takedown.objects.filter(pk=takedown.pk, next_at=takedown.next_at)


def _asked_otherwise(takedown: Takedown) -> None:
    """End a claim during which an operator asked for something else: that is due now. A lost claim changes nothing."""
    _claimed(takedown).update(next_at=clock.now())


def repository_of(takedown: Takedown) -> Repository:
    return Repository(
        takedown.owner, takedown.repository, takedown.repo_url, takedown.pages_url, PagesSource(takedown.pages_source)
    )


def takedown_sentence(takedown: Takedown, *, public: bool = False) -> str:
    """Return in a sentence or two where a takedown stands, without the operator's name; `public`: without errors."""
    why = f" The reason: {takedown.reason}." if takedown.reason else ""
    trouble = f" The last try failed: {takedown.error}" if takedown.error and not public else ""
    way = "that is under way" if takedown.next_at else "it failed, and nobody tries again by itself"
    if takedown.undo_at:
        return f"An operator asked at {takedown.undo_at:%Y-%m-%d %H:%M} UTC to put the page back; {way}.{trouble}"
    if takedown.down_at is None:
        asked = f"An operator asked at {takedown.asked_at:%Y-%m-%d %H:%M} UTC to take the page down; {way}."
        return f"{asked}{why}{trouble}"
    reach = WORDS[Reach(takedown.reach)]
    return f"An operator took the page down at {takedown.down_at:%Y-%m-%d %H:%M} UTC ({reach}).{why}"


#: What each reach means, in a phrase.
WORDS = {
    Reach.PAGES: "the repository stays",
    Reach.PRIVATE: "the repository is private",
    Reach.ARCHIVE: "the repository is archived",
}


def _row(round_id: UUID) -> Round:
    return Round.objects.defer("request").get(pk=round_id)


def _standing(owner: str, repository: str) -> QuerySet[Takedown]:
    return Takedown.objects.filter(owner=owner, repository=repository, back_at=None)


def _asked(takedown: Takedown) -> str:
    return f"{takedown}, {WORDS[Reach(takedown.reach)]}{f': {takedown.reason}' if takedown.reason else ''}"


def _event(row: Round, who: str, what: str, text: str) -> None:
    Event.objects.create(at=clock.now(), who=who[:150], what=what, round=row, text=keepable(text))


def _event_of(takedown: Takedown, who: str, what: str, text: str = "") -> None:
    row = Round.objects.filter(pk=takedown.round_id).only("pk").first()
    Event.objects.create(at=clock.now(), who=who[:150], what=what, round=row, text=text or str(takedown))
