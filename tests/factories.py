"""Plain functions that make what tests begin with."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.utils import timezone

from engine.inputs import task_request
from engine.plan.schema import RequestPlan
from tasks_app.models import Attempt, Round
from tasks_app.models import Plan as PlanRow
from tasks_app.rounds.intake import round_accept
from tasks_app.rounds.leases import lease_claim

if TYPE_CHECKING:
    from tasks_app.rounds.leases import Lease

SECRET = "the-shared-secret-of-the-tests"
CSV = b"product,sales\r\nLamp,12.50\r\nDesk,7.25\r\n"
CSV_URI = "data:text/csv;base64,cHJvZHVjdCxzYWxlcw0KTGFtcCwxMi41MA0KRGVzayw3LjI1DQo="

_FIELDS = {"email", "task", "round", "nonce", "brief", "checks", "evaluation_url", "attachments"}
_nonces = itertools.count(1)


def make_payload(**over: object) -> dict[str, object]:
    """Return a request that is accepted; keyword arguments replace fields."""
    return {
        "email": "student@example.com",
        "secret": SECRET,
        "task": "sum-of-sales",
        "round": 1,
        "nonce": "ab12",
        "brief": "Publish a page that shows the sum of data.csv in #total.",
        "checks": ["Repo has MIT license", "js: !!document.querySelector('#total')"],
        "evaluation_url": "https://evaluator.example/notify",
        "attachments": [{"name": "data.csv", "url": CSV_URI}],
    } | over


def make_round(**over: object) -> Round:
    """Store a round by the service's own door; names of request fields go into the request (a fresh nonce unless told),
    others into the row."""
    asked = {"nonce": f"n{next(_nonces)}"} | {name: over.pop(name) for name in _FIELDS & set(over)}
    usable = task_request.read(
        make_payload(**asked), secrets=[settings.SECRET], allow_private=settings.ALLOW_PRIVATE_URLS
    )
    row = Round.objects.get(pk=round_accept(intake=usable).id)
    if over:
        Round.objects.filter(pk=row.pk).update(**over)
        row.refresh_from_db()
    return row


#: A plan with something in every part, and a request (brief and checks) that it reads as validation allows.
PLANNED = {
    "brief": "Publish the sum of data.csv with rates of https://rates.example/eur.json, by .github/workflows/ci.yml.",
    "checks": ["Repo has MIT license", "js: !!document.querySelector('#total')", "It is pretty"],
}
PLAN: dict[str, object] = {
    "files": [
        {
            "path": "story.txt",
            "source": "write",
            "what": "a story of a whale",
            "predicates": [{"kind": "words", "path": "story.txt", "min": 300, "max": 400}],
        },
        {
            "path": "data.csv",
            "source": "attachment",
            "origin": "data.csv",
            "predicates": [{"kind": "equals_attachment", "path": "data.csv"}],
        },
        {"path": ".github/workflows/ci.yml", "source": "write"},
        {"path": "index.html", "source": "write"},
        {"path": "README.md", "source": "write"},
        {"path": "LICENSE", "source": "service"},
    ],
    "absent": ["result.json"],
    "data": [{"url": "https://rates.example/eur.json", "name": "rates.json"}],
    "pages": "workflow",
    "checks": [{"number": 1, "predicates": [{"kind": "licence_mit"}]}, {"number": 3, "why_not": "taste"}],
    "tests": [{"says": "the total is shown", "predicates": [{"kind": "page", "expression": "document.title === 'T'"}]}],
    "notes": ["euros are meant"],
}


def with_plan(row: Round, **over: object) -> PlanRow:
    """Give a round's present run a plan that a model made, in place of one that it has; names of the row's columns
    replace them."""
    columns: dict[str, object] = {"source": "model", "made_at": timezone.now(), "plan": PLAN} | over
    if "attempt" not in columns:
        columns["attempt"] = Attempt.objects.create(
            round=row, run=row.run, kind="plan", model_asked="gpt-x", started_at=timezone.now(), seconds=1, outcome="ok"
        )
    if columns["plan"] is not None:
        columns["plan"] = RequestPlan.model_validate(columns["plan"]).model_dump(mode="json")
    return PlanRow.objects.update_or_create(round=row, run=row.run, defaults=columns)[0]


def lease_of(row: Round) -> Lease:
    """Claim a round as a worker would. Fails where it is not due."""
    lease = lease_claim(round_id=row.pk, owner="supervisor:1")
    assert lease is not None
    row.refresh_from_db()
    return lease


def dump() -> dict[str, list[dict[str, object]]]:
    """Return every row of the service, to be compared with a later dump."""
    models = apps.get_app_config("tasks_app").get_models()
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def let_go(row: Round) -> None:
    """Let the lease of a round run out, as it does a minute after its holder's death."""
    past = timezone.now() - timedelta(seconds=1)
    Round.objects.filter(pk=row.pk).update(lease_until=past, next_at=past)
    row.refresh_from_db()
