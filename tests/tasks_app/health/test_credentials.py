from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from engine.domain.repository import Credential
from engine.errors import OutOfService, Permanent, Transient
from tasks_app import wiring
from tasks_app.health import credentials
from tasks_app.models import Breaker, Rejection
from tasks_app.operations.breakers import breaker_trip, breakers_open
from tasks_app.operations.workers import worker_beat
from tests.doubles.github.double import GitHubDouble
from tests.factories import make_payload
from tests.posting import post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

REFUSED = OutOfService("forge_token_refused", "GitHub refuses the token.", kind="forge")


class Probe:
    """Plays answers in order, the last for ever."""

    def __init__(self, *answers: Credential | Exception) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self) -> Credential:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def probe(tmp_path: Path, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Probe]:
    """Put a probe of the forge in place and give the files a folder of their own."""
    settings.DATA_DIR, settings.GITHUB_TOKEN = tmp_path, "github-token-of-this-test"

    def put(*answers: Credential | Exception) -> Probe:
        made = Probe(*answers)
        monkeypatch.setattr(wiring, "credential_probes", lambda: {"forge": made})
        return made

    return put


@pytest.fixture
def github(tmp_path: Path, settings: SettingsWrapper) -> Iterator[GitHubDouble]:
    """Run the service's settings against the double."""
    with GitHubDouble() as double:
        settings.DATA_DIR, settings.FORGE = tmp_path, "github"
        settings.GITHUB_TOKEN, settings.GITHUB_API_URL, settings.GITHUB_OWNER = double.token, double.url, ""
        wiring.github_forge.cache_clear()
        yield double
        wiring.github_forge.cache_clear()
        assert double.violations == []


def forge_part() -> dict[str, str]:
    worker_beat(worker="supervisor:dispatcher")
    return next(part for part in Client().get("/readyz").json()["parts"] if part["name"] == "forge")


def test_untried_is_no_reason_to_refuse_tasks(probe):
    probe(REFUSED)
    assert credentials.known("forge") is None
    assert post(make_payload()).status_code == 200


def test_a_refused_credential_answers_tasks_503_before_any_query_and_is_down(probe):
    probe(REFUSED)
    credentials.try_now("forge")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = post(make_payload())
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["GitHub refuses the token."]
    assert len(queries) == 0
    assert not Rejection.objects.exists()
    assert forge_part() == {"name": "forge", "status": "down", "detail": "GitHub refuses the token."}
    assert "GitHub refuses the token." in Client().get("/").content.decode()


@pytest.mark.parametrize(
    "error",
    [
        Transient("forge_unreachable", "No answer."),
        OutOfService("forge_limit", "Later.", kind="forge", until=timezone.now()),
    ],
)
def test_what_could_not_be_asked_is_untested_and_ready(probe, error):
    probe(error)
    credentials.try_now("forge")
    assert credentials.known("forge").status == "untested"
    assert post(make_payload()).status_code == 200
    assert forge_part()["status"] == "warning"


def test_a_permanent_refusal_counts_too(probe):
    probe(Permanent("scope_missing", "It has the scopes gist."))
    assert credentials.try_now("forge").status == "refused"


def test_the_result_of_another_credential_does_not_count(probe, settings):
    probe(REFUSED)
    credentials.try_now("forge")
    settings.GITHUB_TOKEN = "another-github-token"
    assert credentials.known("forge") is None
    assert credentials.refusals() == []


def test_the_file_holds_no_credential(probe, settings, tmp_path):
    probe(Transient("x", f"Odd: {settings.GITHUB_TOKEN}"))
    settings.SECRETS = settings.SECRETS | {"GITHUB_TOKEN": settings.GITHUB_TOKEN}
    credentials.try_now("forge")
    text = (tmp_path / "credential-forge.json").read_text()
    assert settings.GITHUB_TOKEN not in text
    assert json.loads(text)["detail"] == "Odd: [GITHUB_TOKEN]"


def test_what_worked_at_the_start_is_the_breakers_business_later(probe):
    probe(Credential("token of me"), REFUSED)
    credentials.try_now("forge")
    assert credentials.try_now("forge").status == "refused"
    assert credentials.known("forge").status == "ok"
    assert post(make_payload()).status_code == 200


def test_a_working_credential_closes_the_breaker_of_a_refused_one_only(probe):
    probe(Credential("token of me"))
    breaker_trip(error=OutOfService("forge_permission_missing", "It lacks Pages.", kind="forge"))
    credentials.try_now("forge")
    assert breakers_open()
    Breaker.objects.all().delete()
    breaker_trip(error=REFUSED)
    credentials.try_now("forge")
    assert not breakers_open()
    assert Breaker.objects.get().closed_by == "start"


def test_an_expiry_is_shown_and_a_near_one_is_a_warning(probe):
    probe(
        Credential("token of me", timezone.now() + timedelta(days=30)),
        Credential("token of me", timezone.now() + timedelta(days=3)),
    )
    credentials.try_now("forge")
    assert forge_part()["status"] == "ok"
    credentials.try_now("forge")
    assert forge_part()["status"] == "warning"


def test_a_new_start_forgets(probe):
    probe(REFUSED)
    credentials.try_now("forge")
    credentials.forget()
    assert credentials.known("forge") is None


@pytest.mark.django_db(transaction=True)
def test_it_is_tried_again_until_it_works_and_while_its_breaker_is_open(probe, monkeypatch):
    monkeypatch.setattr(credentials, "AGAIN", 0.0)
    asked = probe(Transient("x", "No answer."), Credential("token of me"))
    credentials.forget()
    stop = threading.Event()
    thread = threading.Thread(target=credentials.keep_trying, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: (known := credentials.known("forge")) and known.status == "ok")
        tried = asked.asked
        breaker_trip(error=REFUSED)
        wait_for(lambda: not breakers_open())
        assert asked.asked > tried
    finally:
        stop.set()
        thread.join(30)


def wait_for(condition: Callable[[], object]) -> None:
    waiting = threading.Event()
    for _ in range(600):
        if condition():
            return
        waiting.wait(0.05)
    raise AssertionError("it never came true")


def test_githubs_token_is_tried_at_the_double(github):
    credentials.try_now("forge")
    assert github.login in forge_part()["detail"]
    assert forge_part()["detail"].startswith("github: token of ")
    credentials.forget()
    github.revoke()
    credentials.try_now("forge")
    assert "401" in forge_part()["detail"]
    assert post(make_payload()).status_code == 503


def test_github_out_of_reach_is_ready(github):
    github.close()
    credentials.try_now("forge")
    assert credentials.known("forge").status == "untested"
    assert post(make_payload()).status_code == 200
