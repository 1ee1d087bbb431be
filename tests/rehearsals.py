"""Rows of rehearsals, made by hand."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasks_app.models import IssuedTask, NotifyCall, Rehearsal, RehearsalResult, Submission

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGUN = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
#: As it stands in a submission's row. No page and no export may hold it.
ENCRYPTED = "gAAAAA-the-encrypted-secret-of-a-submission"

#: The checks of a round of `make_class`: kind and text. The ninth's text differs by its seed.
CHECKS = (
    ("request", "The request was accepted"),
    ("callback", "The callback came in time"),
    ("callback", "Exactly one callback matches"),
    ("repository", "The repository is public and was made after the request"),
    ("history", "The round is one commit"),
    ("history", "No secret stands in the history"),
    ("licence", "LICENSE at the root is MIT"),
    ("readme", "README.md has summary, setup, usage, code explanation and licence"),
    ("page", "The page answers and is this commit's"),
    ("page", "js: parseFloat(document.querySelector('#total').textContent) === {seed}.25"),
    ("page", "js: !!document.querySelector('#region-filter')"),
    ("html", "The ids #total and #sales stand in the source"),
    ("file", "data.csv is served as attached"),
    ("file", "notes.md has 200 to 300 words"),
    ("text", "The code is clear and its names say what they are"),
)


def make_rehearsal(name: str = "autumn", **columns: object) -> Rehearsal:
    return Rehearsal.objects.create(
        name=name,
        **{
            "created_at": BEGUN, "templates": "- id: csv-sum", "tasks": 1, "rounds": 2, "at_a_time": 2,
            "deadline_seconds": 600, "pace": 1.0, "evaluation_url": "https://evaluator.example/rehearsal/notify",
        }
        | columns,
    )  # fmt: skip


def make_submission(rehearsal: Rehearsal, email: str = "ada@example.com", **columns: object) -> Submission:
    return rehearsal.submissions.create(
        email=email, **{"endpoint": "https://ada.example/handle_task", "secret": ENCRYPTED} | columns
    )


def unsaved_issued(submission: Submission, template: str = "csv-sum", number: int = 1, **columns: object) -> IssuedTask:
    """Return a round that was accepted, called back after 42 seconds, and judged."""
    task = f"{template}-{hashlib.sha256(submission.email.encode()).hexdigest()[:6]}"
    accepted = BEGUN + timedelta(seconds=1)
    after = columns.pop("after", 42)
    called = {
        "callback": {
            "email": submission.email, "task": task, "round": number, "nonce": "n",
            "repo_url": f"https://github.example/owner/{task}", "commit_sha": f"{number:040x}",
            "pages_url": f"https://owner.pages.example/{task}/",
        },
        "callback_at": accepted + timedelta(seconds=after),
    } if isinstance(after, int | float) else {}  # fmt: skip
    return IssuedTask(
        submission=submission, template=template, task=task, round=number, next_at=BEGUN,
        **{
            "nonce": f"{submission.pk:08x}-{template[:12]}-{number}", "seed": "s1", "state": "judged", "tries": 1,
            "request": {"email": submission.email, "task": task, "round": number, "brief": "Sum the sales.",
                        "checks": ["Repo has MIT license"], "attachments": [], "evaluation_url": "https://e.example/"},
            "criteria": [{"sentence": "Repo has MIT license"}], "sent_at": BEGUN, "accepted_at": accepted,
            "status_code": 200, "judged_at": accepted + timedelta(minutes=2),
        } | called | columns,
    )  # fmt: skip


def make_issued(submission: Submission, *, scores: Sequence[float | None] = (), **columns: object) -> IssuedTask:
    """Store a round with the first of CHECKS, one for each score."""
    issued = unsaved_issued(submission, **columns)
    issued.save()
    for at, score in enumerate(scores, 1):
        kind, text = CHECKS[at - 1]
        reason = "" if score == 1 else "no model is configured" if score is None else f"reason {at}"
        RehearsalResult.objects.create(
            issued=issued, number=at, kind=kind, check_text=text, score=score, reason=reason, log=f"log of {at}"
        )
    return issued


def make_class(name: str, submissions: int, tasks: int = 3, rounds: int = 2) -> Rehearsal:
    """Store a rehearsal whose endpoints fail in ways that repeat: some never answer, some call back late."""
    rehearsal = make_rehearsal(name, tasks=tasks, rounds=rounds, ended_at=BEGUN + timedelta(hours=2))
    people = Submission.objects.bulk_create(
        Submission(
            rehearsal=rehearsal, email=f"student{at:03}@example.com", secret=ENCRYPTED,
            endpoint=f"https://student{at:03}.example/handle_task", repository=f"https://github.example/student{at:03}/app",
        )
        for at in range(submissions)
    )  # fmt: skip
    templates = ("csv-sum", "converter", "gallery", "quiz", "chart", "workbook")[:tasks]
    issued = IssuedTask.objects.bulk_create(
        _of_class(person, at, template, number)
        for at, person in enumerate(people)
        for template in templates
        for number in range(1, rounds + 1)
    )
    NotifyCall.objects.bulk_create(
        NotifyCall(issued=one, at=one.callback_at, status_code=200, client="192.0.2.7", body="{}")
        for one in issued
        if one.callback_at
    )
    RehearsalResult.objects.bulk_create(
        RehearsalResult(issued=one, number=at, kind=kind, **_judged(one, at, kind, text))
        for one in issued
        for at, (kind, text) in enumerate(CHECKS if one.callback_at else CHECKS[:2], 1)
    )
    return rehearsal


def _of_class(person: Submission, at: int, template: str, number: int) -> IssuedTask:
    if at % 25 == 7:
        return unsaved_issued(
            person,
            template,
            number,
            after=None,
            accepted_at=None,
            tries=3,
            status_code=None,
            error="timed out after 30 s",
        )
    if at % 25 == 11 and number == 2:
        return unsaved_issued(person, template, number, after=None, error="no callback came until the deadline")
    late = at % 10 == 3
    return unsaved_issued(person, template, number, after=(20 + at * 7 % 300) + 600 * late, late=late)


def _judged(one: IssuedTask, at: int, kind: str, text: str) -> dict[str, object]:
    seed = one.submission.pk * 31 + one.round
    columns: dict[str, object] = {
        "check_text": text.format(seed=seed),
        "score": 1.0,
        "reason": "",
        "log": f"log of {at}",
    }
    if at == 1 and one.accepted_at is None:
        columns |= {"score": 0.0, "reason": one.error}
    elif at == 2 and (one.late or not one.callback_at):
        columns |= {"score": 0.0, "reason": "it came after the deadline" if one.late else "it did not come"}
    elif at == len(CHECKS):
        columns |= {"score": None, "reason": "no model is configured"}
    elif (seed + at * 7) % (9 + at) == 0:
        columns |= {"score": 0.0 if at % 2 else 0.5, "reason": f"Expected {seed}.25, found NaN in the {kind}."}
    return columns
