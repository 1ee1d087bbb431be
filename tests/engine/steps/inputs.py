"""Inputs of the steps with defaults; each keyword replaces a field of the input or of one of its parts."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from engine.domain.brief import AttachedFile, Brief
from engine.domain.budget import fresh
from engine.domain.checks import parse_check
from engine.domain.publication import AwaitedCommit
from engine.domain.repository import Origin, SiteFile
from engine.plan.predicates import LicenceMit
from engine.plan.schema import CheckReading, FileSource, PlannedFile, RequestPlan
from engine.site.repository_files import digest
from engine.steps.contracts import (
    ChosenTree,
    DeployInput,
    EarlierWork,
    GenerateInput,
    ModelAccess,
    NotifyInput,
    PublishInput,
    RoundIdentity,
    RunPlan,
)
from tests.fakes import NOW, PAGE, README

if TYPE_CHECKING:
    from engine.domain.repository import Repository

ROUND_ID = "11111111-2222-4333-8444-555555555555"
BRIEF = Brief(
    email="student@example.com",
    task="sum-of-sales",
    number=1,
    nonce="n1",
    text="Show the sum of sales in #total.",
    checks=(parse_check("js: !!document.querySelector('#total')"), parse_check("Repo has MIT license")),
    attachments=(AttachedFile("data.csv", "text/csv", b"a,b\r\n1,2\r\n"),),
)
PLAN = RequestPlan(
    files=(
        PlannedFile(path="index.html", source=FileSource.WRITE, what="a page with the sum of sales in #total"),
        PlannedFile(path="README.md", source=FileSource.WRITE),
        PlannedFile(path="data.csv", source=FileSource.ATTACHMENT, origin="data.csv"),
        PlannedFile(path="LICENSE", source=FileSource.SERVICE),
    ),
    checks=(CheckReading(number=2, predicates=[LicenceMit()]),),
)
LATER = replace(BRIEF, number=2, nonce="n2", attachments=())
TREE = {
    "index.html": SiteFile(PAGE, Origin.MODEL),
    "README.md": SiteFile(README, Origin.MODEL),
    "data.csv": SiteFile(b"a,b\r\n1,2\r\n", Origin.ATTACHMENT),
}


T = TypeVar("T")


def changed(task: T, **over: object) -> T:
    """Return a step's input with other values, each put where its name is: in the input, or in one of its parts."""
    own = {field.name: getattr(task, field.name) for field in fields(task)}
    parts = {name: part for name, part in own.items() if is_dataclass(part)}
    for name, value in over.items():
        if name in own:
            own[name] = value
            continue
        (holder,) = [part for part, held in parts.items() if name in {field.name for field in fields(held)}]
        own[holder] = replace(own[holder], **{name: value})
    return type(task)(**own)


def generating(**over: object) -> GenerateInput:
    """Return what generate takes, of a run that has its plan."""
    task = GenerateInput(
        brief=BRIEF,
        identity=RoundIdentity(digest(BRIEF.email, BRIEF.task), f"{ROUND_ID}/1", 2026),
        access=ModelAccess(fresh(NOW, 600)),
        secret_in=lambda content: "SECRET" if b"the-shared-secret" in content else None,
        earlier=EarlierWork(),
        run_plan=RunPlan(PLAN, is_made=True),
    )
    return changed(task, **over)


def publishing(**over: object) -> PublishInput:
    task = PublishInput(
        brief=BRIEF,
        round_id=ROUND_ID,
        task_key=digest(BRIEF.email, BRIEF.task),
        accepted_at=NOW,
        tree=ChosenTree(TREE, chosen_at=NOW),
    )
    return changed(task, **over)


def awaiting(repository: Repository, sha: str, **over: object) -> AwaitedCommit:
    awaited = AwaitedCommit(
        repository=repository,
        sha=sha,
        page=PAGE,
        published_at=NOW - timedelta(seconds=20),
        rebuilds_until=fresh(NOW, 600).told_by,
    )
    return replace(awaited, **over)


def deploying(repository: Repository, sha: str, **over: object) -> DeployInput:
    """Return the input of deploy; the fields of AwaitedCommit are arguments of `awaiting`."""
    inner = {
        field.name: over.pop(field.name)
        for field in fields(AwaitedCommit)
        if field.name in over and field.name != "published_at"
    }
    task = DeployInput(awaiting(repository, sha, **inner), published_at=NOW, budget=fresh(NOW, 600))
    return replace(task, **over)


def notifying(**over: object) -> NotifyInput:
    task = NotifyInput(
        url="https://evaluator.test/notify",
        body=b'{"nonce": "n1"}',
        webhook_id="msg_1_1",
        statuses=(),
        first_at=None,
        notify_for=3600,
        deadline=NOW + timedelta(seconds=600),
    )
    return replace(task, **over)


def seconds_from_now(seconds: float) -> object:
    return NOW + timedelta(seconds=seconds)
