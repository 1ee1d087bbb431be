"""Finds the rehearsal that a command line means, or says how a new one is made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from tasks_app.models import Rehearsal
from tasks_app.rehearsal.issuing import RehearsalOptions
from tasks_app.rehearsal.submissions import (
    GivenSubmission,
    SecretKeyError,
    SubmissionsError,
    decrypt,
    endpoint_of,
    read_submissions,
)
from tasks_app.rehearsal.templates.own import own_templates
from tasks_app.rehearsal.templates.reading import TemplateError, read_templates, read_templates_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tasks_app.rehearsal.templates.template import Template

EMAIL = "student@example.com"
TASKS, ROUNDS, AT_A_TIME, DEADLINE = 3, 2, 4, 600
_LONGEST_NAME = 100


class StartError(Exception):
    """The command line cannot be followed; the message is one or more sentences, a line each."""


@dataclass(frozen=True, slots=True)
class WantedRehearsal:
    """What a command line names; None: nothing, so the default counts."""

    url: str | None = None
    secret: str | None = field(default=None, repr=False)
    email: str | None = None
    repository: str | None = None
    submissions: Path | None = None
    templates: str | None = None  # a file or a folder
    tasks: int | None = None
    rounds: int | None = None
    at_a_time: int | None = None
    deadline: int | None = None
    pace: float | None = None
    name: str | None = None
    evaluation_url: str | None = None

    @property
    def names_one(self) -> bool:
        return any(one is not None for one in (self.url, self.secret, self.email, self.repository))


@dataclass(frozen=True, slots=True)
class NewRehearsal:
    """What a new rehearsal is made from."""

    name: str
    options: RehearsalOptions
    submissions: tuple[GivenSubmission, ...]
    templates: tuple[Template, ...]


def rehearsal_for(wanted: WantedRehearsal, now: datetime) -> Rehearsal | NewRehearsal:
    """Return the rehearsal to go on with, else what a new one is made from. Raises StartError, SecretKeyError."""
    if wanted.submissions and wanted.names_one:
        raise StartError("--submissions names the endpoints: --url, --secret, --email and --repository go without it.")
    if wanted.name is not None:
        found = Rehearsal.objects.filter(name=wanted.name).first()
        if found:
            if differences := list(_differences(wanted, found)):
                raise StartError(
                    f"The rehearsal {found.name} has other arguments: {', '.join(differences)}. "
                    "Leave them out to go on with it, or take another --name."
                )
            return found
    new = _new(wanted, now)
    if wanted.name is None:
        for row in Rehearsal.objects.filter(ended_at=None).order_by("-created_at"):
            if _is_same(row, new, wanted):
                return row
    return new


def _new(wanted: WantedRehearsal, now: datetime) -> NewRehearsal:
    submissions = _submissions(wanted)
    text, templates = _templates(wanted.templates)
    tasks = min(TASKS, len(templates)) if wanted.tasks is None else wanted.tasks
    if tasks > len(templates):
        raise StartError(f"There are {len(templates)} templates, so --tasks can be {len(templates)} at most.")
    options = RehearsalOptions(
        templates=text,
        tasks=tasks,
        rounds=_or(wanted.rounds, ROUNDS),
        at_a_time=_or(wanted.at_a_time, AT_A_TIME),
        deadline_seconds=_or(wanted.deadline, DEADLINE),
        pace=wanted.pace if wanted.pace is not None else 1.0 if wanted.submissions else 0.0,
    )
    return NewRehearsal(_name(wanted, submissions, now), options, submissions, templates)


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _submissions(wanted: WantedRehearsal) -> tuple[GivenSubmission, ...]:
    if wanted.submissions:
        try:
            return read_submissions(wanted.submissions.read_bytes(), source=str(wanted.submissions))
        except OSError as error:
            raise StartError(f"{wanted.submissions} cannot be read: {error.strerror}.") from None
        except SubmissionsError as error:
            raise StartError(str(error)) from None
    given = GivenSubmission(
        email=_text(wanted.email, EMAIL),
        endpoint=endpoint_of(_text(wanted.url, settings.PUBLIC_URL)),
        secret=_text(wanted.secret, settings.SECRET),
        repository=_text(wanted.repository, ""),
    )
    problems = [
        "There is no secret: set SECRET in the environment or .env, or give --secret." if not given.secret else ""
    ]
    problems += [problem for problem in given.problems() if given.secret or "secret" not in problem]
    if any(problems):
        raise StartError("\n".join(filter(None, problems)))
    return (given,)


def _text(value: str | None, default: str) -> str:
    return default if value is None else value.strip()


def _templates(path: str | None) -> tuple[str, tuple[Template, ...]]:
    """Return the YAML and what it says."""
    try:
        text = own_templates() if path is None else read_templates_at(path)
        return text, read_templates(text, source=path or "the templates of this service")
    except TemplateError as error:
        raise StartError("\n".join(error.problems)) from None


def _name(wanted: WantedRehearsal, submissions: tuple[GivenSubmission, ...], now: datetime) -> str:
    """Return the name that is given, or one of date and host that is not taken."""
    if wanted.name is not None:
        name = wanted.name.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise StartError(f"--name must be 1 to {_LONGEST_NAME} characters that can be printed.")
        return name
    what = wanted.submissions.stem if wanted.submissions else urlsplit(submissions[0].endpoint).netloc
    base = f"{now:%Y-%m-%d}-{what}"[: _LONGEST_NAME - 5]
    taken = set(Rehearsal.objects.filter(name__startswith=base).values_list("name", flat=True))
    return next(name for name in _numbered(base) if name not in taken)


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1


def _is_same(row: Rehearsal, new: NewRehearsal, wanted: WantedRehearsal) -> bool:
    options = new.options
    same = all(getattr(row, name) == getattr(options, name) for name in RehearsalOptions.__dataclass_fields__)
    if not same or (wanted.evaluation_url is not None and wanted.evaluation_url != row.evaluation_url):
        return False
    try:
        return _stored(row) == sorted(new.submissions, key=lambda one: one.email)
    except SecretKeyError:
        return False


def _stored(row: Rehearsal) -> list[GivenSubmission]:
    """Return a rehearsal's submissions. Raises SecretKeyError."""
    found = [
        GivenSubmission(one.email, one.endpoint, decrypt(one.secret), one.repository) for one in row.submissions.all()
    ]
    return sorted(found, key=lambda one: one.email)


def _differences(wanted: WantedRehearsal, row: Rehearsal) -> Iterator[str]:
    """Yield the options that are given and are not those of the rehearsal."""
    if wanted.templates is not None and _templates(wanted.templates)[0] != row.templates:
        yield "--templates"
    columns = {
        "tasks": row.tasks,
        "rounds": row.rounds,
        "at_a_time": row.at_a_time,
        "deadline": row.deadline_seconds,
        "pace": row.pace,
        "evaluation_url": row.evaluation_url,
    }
    for name, value in columns.items():
        given = getattr(wanted, name)
        if given is not None and given != value:
            yield f"--{name.replace('_', '-')} (it has {value})"
    yield from _other_submissions(wanted, row)


def _other_submissions(wanted: WantedRehearsal, row: Rehearsal) -> Iterator[str]:
    if not wanted.submissions and not wanted.names_one:
        return
    stored = _stored(row)
    if wanted.submissions:
        if stored != sorted(_submissions(wanted), key=lambda one: one.email):
            yield "--submissions"
        return
    given = {"email": wanted.email, "secret": wanted.secret, "repository": wanted.repository}
    given["endpoint"] = None if wanted.url is None else endpoint_of(wanted.url)
    for name, value in given.items():
        if value is not None and (len(stored) != 1 or getattr(stored[0], name) != value.strip()):
            yield f"--{name}".replace("endpoint", "url")
