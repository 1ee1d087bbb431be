"""Inputs of the steps with sensible values; every keyword replaces one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.domain.brief import AttachedFile, Brief
from engine.domain.budget import fresh
from engine.domain.checks import parse_check
from engine.domain.repository import Origin, SiteFile
from engine.plan.predicates import LicenceMit
from engine.plan.schema import CheckReading, FileSource, PlannedFile, RequestPlan
from engine.site.repository_files import digest
from engine.steps.deploy import DeployInput
from engine.steps.inputs import GenerateInput
from engine.steps.liveness import Awaited
from engine.steps.notify import NotifyInput
from engine.steps.publish import PublishInput
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


def generating(**over: object) -> GenerateInput:
    """Return what generate takes, of a run that has its plan."""
    task = GenerateInput(
        brief=BRIEF,
        unfetched=(),
        repository=None,
        task_key=digest(BRIEF.email, BRIEF.task),
        protected=(),
        marker=f"{ROUND_ID}/1",
        year=2026,
        budget=fresh(NOW, 600),
        failures=0,
        model_blocked="",
        secret_in=lambda content: "SECRET" if b"the-shared-secret" in content else None,
        plan=PLAN,
        planned=True,
    )
    return replace(task, **over)


def publishing(**over: object) -> PublishInput:
    task = PublishInput(
        brief=BRIEF,
        round_id=ROUND_ID,
        accepted_at=NOW,
        files=TREE,
        chosen_at=NOW,
        base_sha="",
        repository=None,
        task_key=digest(BRIEF.email, BRIEF.task),
        planned=None,
        simulated=False,
        degraded=False,
    )
    return replace(task, **over)


def awaiting(repository: Repository, sha: str, **over: object) -> Awaited:
    return replace(Awaited(repository=repository, sha=sha, page=PAGE), **over)


def deploying(repository: Repository, sha: str, **over: object) -> DeployInput:
    """Return what deploy takes; `later` and `rebuild` go into what it waits for."""
    inner = {name: over.pop(name) for name in ("later", "rebuild") if name in over}
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
    )
    return replace(task, **over)


def seconds_from_now(seconds: float) -> object:
    return NOW + timedelta(seconds=seconds)
