"""Takedowns: an operator takes a published page down, and may put it back.

A takedown is a row before it is an effect. A worker claims the row, asks the forge, and tries again until the forge
has done it; each of the forge's calls may be repeated. While the row stands, no later round of the task publishes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from engine.domain.lifecycle import ACTIVE, ENDED, Step
from engine.domain.repository import PagesSource, Reach, Repository
from tasks_app.models import Event, Round, Takedown, Task
from tasks_app.operations import clock
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

#: A worker that has claimed a row has asked the forge by then, or is dead: another one claims it.
CLAIM = timedelta(seconds=90)

#: How long a page is looked for after it was put back.
WATCHED = timedelta(minutes=30)

#: The most characters of an operator's reason.
LONGEST_REASON = 500

NOT_PUBLISHED = "Nothing of this round is published."


class TakedownRefusedError(Exception):
    """The act is not possible now; the message says why."""


def takedown_of(row: Round) -> Takedown | None:
    """Return the takedown that holds for the repository of a round, or that it would publish to; None without one."""
    owner, name = row.owner, row.repository
    if not (name and (row.number == 1 or row.published_at)) and row.number > 1:
        task = Task.objects.filter(pk=row.task_key).only("owner", "repository").first()
        owner, name = (task.owner, task.repository) if task else ("", "")
    return Takedown.objects.filter(owner=owner, repository=name, back_at=None).first() if name else None


def takedown_ask(*, round_id: UUID, who: str, reach: Reach, reason: str = "") -> Takedown:
    """Have a round's page taken down. An unfinished takedown is tried again now, with the new reach.

    Raises TakedownRefusedError, Round.DoesNotExist.
    """
    row, now = _row(round_id), clock.now()
    if not (row.published_at and row.repository):
        raise TakedownRefusedError(NOT_PUBLISHED)
    why = keepable(" ".join(reason.split())[:LONGEST_REASON])
    try:
        with transaction.atomic():
            found = Takedown.objects.create(
                owner=row.owner, repository=row.repository, repo_url=row.repo_url, pages_url=row.pages_url,
                pages_source=row.pages_source, round_id=row.pk, reach=reach, reason=why, asked_at=now,
                asked_by=who[:150], next_at=now,
            )  # fmt: skip
            _event(row, who, "takedown asked", f"{found}, {WORDS[reach]}{f': {why}' if why else ''}")
    except IntegrityError:
        again = Takedown.objects.filter(owner=row.owner, repository=row.repository, back_at=None, undo_at=None)
        if again.filter(down_at=None).update(next_at=now, reach=reach):
            return again.get()
        standing = again.first()
        if standing is None:
            raise TakedownRefusedError("The page is being put back at this moment. Look again.") from None
        if standing.reach != reach:
            raise TakedownRefusedError(
                f"The page is down already ({WORDS[Reach(standing.reach)]}). Put it back first to change that."
            ) from None
        return standing
    return found


def takedown_undo(*, round_id: UUID, who: str) -> Takedown:
    """Have a page put back. Raises TakedownRefusedError, Round.DoesNotExist."""
    row, now = _row(round_id), clock.now()
    found = takedown_of(row)
    if found is None:
        raise TakedownRefusedError("The page is not taken down.")
    with transaction.atomic():
        if Takedown.objects.filter(pk=found.pk, back_at=None).update(undo_at=now, undo_by=who[:150], next_at=now):
            _event(row, who, "page to be put back", str(found))
    found.refresh_from_db()
    return found


def takedowns_due() -> int:
    return Takedown.objects.filter(next_at__lte=clock.now()).count()


def takedown_claim(pk: int | None = None) -> Takedown | None:
    """Claim a row that is due, or the row `pk`, for CLAIM; None without one."""
    now = clock.now()
    due = Takedown.objects.filter(next_at__lte=now, **({"pk": pk} if pk else {}))
    for found in due.order_by("next_at"):
        if Takedown.objects.filter(pk=found.pk, next_at=found.next_at).update(next_at=now + CLAIM):
            found.next_at = now + CLAIM
            return found
    return None


def takedown_done(found: Takedown) -> None:
    """Record that the forge has done what was asked. If an operator asked for something else meanwhile, that is due."""
    now = clock.now()
    with transaction.atomic():
        held = Takedown.objects.filter(pk=found.pk, next_at=found.next_at, undo_at=found.undo_at)
        if found.undo_at is None:
            if held.update(down_at=now, next_at=None, error=""):
                _newest(found).update(live=False, watch_until=None, watch_at=None, watch_token=None)
                _event_of(found, found.asked_by, "page taken down")
        elif held.update(back_at=now, next_at=None, error=""):
            # The page is looked for until it serves the commit again, as after a late build.
            _newest(found).filter(state__in=ENDED).update(
                watch_until=now + WATCHED, watch_at=now, watch_token=None
            )  # fmt: skip
            keys = Round.objects.filter(owner=found.owner, repository=found.repository).values("task_key")
            waiting = Round.objects.filter(task_key__in=keys, state__in=ACTIVE, step=Step.PUBLISH, lease_token=None)
            waiting.update(next_at=now)
            _event_of(found, found.undo_by, "page put back")


def takedown_failed(found: Takedown, *, error: str, at: datetime | None) -> None:
    """Record why the forge did not do it, and when it is tried again: None if only an operator can help."""
    held = Takedown.objects.filter(pk=found.pk, next_at=found.next_at, undo_at=found.undo_at)
    text = keepable(error)
    with transaction.atomic():
        if held.update(next_at=at, error=text) and at is None:
            _event_of(found, "service", "takedown failed", text)


def repository_of(found: Takedown) -> Repository:
    return Repository(
        found.owner, found.repository, found.repo_url, found.pages_url, PagesSource(found.pages_source)
    )  # fmt: skip


def takedown_sentence(found: Takedown, *, public: bool = False) -> str:
    """Return in a sentence or two where a takedown stands, without the operator's name; `public`: without errors."""
    why = f" The reason: {found.reason}." if found.reason else ""
    trouble = f" The last try failed: {found.error}" if found.error and not public else ""
    if found.undo_at:
        return (
            f"An operator asked at {found.undo_at:%Y-%m-%d %H:%M} UTC to put the page back; that is under way.{trouble}"
        )
    if found.down_at is None:
        asked = f"An operator asked at {found.asked_at:%Y-%m-%d %H:%M} UTC to take the page down; that is under way."
        return f"{asked}{why}{trouble}"
    reach = WORDS[Reach(found.reach)]
    return f"An operator took the page down at {found.down_at:%Y-%m-%d %H:%M} UTC ({reach}).{why}"


#: What each reach means, in a phrase.
WORDS = {
    Reach.PAGES: "the repository stays",
    Reach.PRIVATE: "the repository is private",
    Reach.ARCHIVE: "the repository is archived",
}


def _row(round_id: UUID) -> Round:
    return Round.objects.defer("request").get(pk=round_id)


def _newest(found: Takedown) -> QuerySet[Round]:
    """Return the round whose commit the page serves, as a queryset."""
    published = Round.objects.filter(
        owner=found.owner, repository=found.repository, published_at__isnull=False
    )  # fmt: skip
    return Round.objects.filter(pk__in=[r.pk for r in published.order_by("-published_at").only("pk")[:1]])


def _event(row: Round, who: str, what: str, text: str) -> None:
    Event.objects.create(at=clock.now(), who=who[:150], what=what, round=row, text=keepable(text))


def _event_of(found: Takedown, who: str, what: str, text: str = "") -> None:
    row = Round.objects.filter(pk=found.round_id).only("pk").first()
    Event.objects.create(at=clock.now(), who=who[:150], what=what, round=row, text=text or str(found))
