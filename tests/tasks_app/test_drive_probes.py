"""Sentences that a model's frozen probes decide, driven with real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from engine.errors import Transient
from tasks_app.models import Attempt, CheckResult, Probe, Round
from tasks_app.services.journal import DatabaseJournal
from tasks_app.services.operators import round_regenerate
from tests.driving import driven
from tests.factories import make_round
from tests.fakes import README, FakeBrowser, page_reply
from tests.tasks_app.deaths import Killed, die

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

SENTENCES = ["Repo has MIT license", "It adds up", "It is pretty"]
REPLY = "1\nclick #sum\nexpect document.title === 'WORKS'\n2\nnot automatable: taste\n"


@pytest.fixture
def browsing(outside: Outside) -> Outside:
    """A machine whose browser finds the words in capitals of a probe in the page or does not."""
    outside.browser = FakeBrowser()
    outside.author.probes = [REPLY]
    return outside


def page(words: str) -> object:
    return page_reply({"index.html": f"<!DOCTYPE html><title>T</title><p>{words}".encode(), "README.md": README})


def asked() -> Round:
    return make_round(checks=SENTENCES, attachments=[], brief="Add up with #sum; the title says WORKS.")


def kinds() -> list[str]:
    """Return what the model was asked for, less judgements: those come last and are tested by themselves."""
    return list(Attempt.objects.exclude(kind="judge").order_by("pk").values_list("kind", flat=True))


def came_to(row: Round, text: str) -> tuple[str, str]:
    return CheckResult.objects.filter(attempt=row.chosen_attempt_id).values_list("verdict", "detail").get(text=text)


def test_a_probe_decides_its_sentence(browsing: Outside) -> None:
    browsing.author.replies = [page("WORKS")]
    row = driven(asked())
    assert (row.state, kinds()) == ("completed", ["probe", "generate"])
    assert list(row.probes.values_list("position", "steps", "expression", "why_not")) == [
        (1, [["click", "#sum", ""]], "document.title === 'WORKS'", ""),
        (2, [], "", "not automatable, says the model: taste"),
    ]
    verdict, detail = came_to(row, "It adds up")
    assert verdict == "pass"
    assert detail.startswith("by a probe: true")
    assert came_to(row, "It is pretty") == ("unverifiable", "not automatable, says the model: taste")


def test_it_is_written_before_the_page(browsing: Outside) -> None:
    browsing.author.replies = [page("WORKS")]
    row = driven(asked())
    generated = Attempt.objects.get(kind="generate")
    assert max(row.probes.values_list("frozen_at", flat=True)) < generated.started_at
    assert set(row.probes.values_list("attempt__kind", flat=True)) == {"probe"}


def test_what_it_finds_is_repaired_by_the_same_probe(browsing: Outside) -> None:
    browsing.author.replies = [page("nothing"), page("WORKS")]
    row = driven(asked())
    assert kinds() == ["probe", "generate", "repair"]
    assert came_to(row, "It adds up")[0] == "pass"
    findings = Attempt.objects.get(kind="repair").messages[-1]["content"]
    assert "It adds up\n  gave: by a probe: false" in findings


def test_a_retry_and_another_page_keep_the_probes(browsing: Outside) -> None:
    browsing.author.replies = [page("WORKS"), page("WORKS again")]
    row = driven(asked())
    before = list(row.probes.values())
    browsing.author.probes = ["1\nexpect true"]
    round_regenerate(round_id=row.pk, who="operator")
    row = driven(row)
    assert (row.run, row.state, kinds()) == (2, "completed", ["probe", "generate", "generate"])
    assert list(row.probes.values()) == before


def test_what_a_dead_process_was_answered_is_not_asked_again(
    browsing: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = [Killed()]
    real = DatabaseJournal.probes_frozen

    def dying(self: DatabaseJournal, *args: object, **keywords: object) -> None:
        if deaths:
            raise deaths.pop()
        real(self, *args, **keywords)

    monkeypatch.setattr(DatabaseJournal, "probes_frozen", dying)
    browsing.author.replies = [page("WORKS")]
    row = asked()
    die(row)
    assert not Probe.objects.exists()
    row = driven(row)
    assert (len(browsing.author.probed), kinds()) == (1, ["probe", "generate"])
    assert row.probes.get(position=1).expression == "document.title === 'WORKS'"


def test_a_call_that_kills_its_process_is_made_once_more_and_no_more(browsing: Outside) -> None:
    browsing.author.probes = [Killed(), Killed(), REPLY]
    row = asked()
    for _ in range(2):
        die(row)
    row = driven(row)
    assert (row.state, len(browsing.author.probed)) == ("completed", 2)
    assert "2 calls for it were cut off" in row.probes.get(position=1).why_not


def test_a_failing_call_is_told_and_costs_the_round_nothing(browsing: Outside) -> None:
    browsing.author.probes = [Transient("model_timeout", "The model let its time run out.")]
    browsing.author.replies = [page("WORKS")]
    row = driven(asked())
    assert (row.state, row.degraded, kinds()) == ("completed", False, ["probe", "generate"])
    assert came_to(row, "It adds up") == ("unverifiable", "no probe was written: The model let its time run out.")


def test_operators_see_it_on_the_rounds_page_and_in_its_record(
    browsing: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    browsing.author.replies = [page("WORKS")]
    row = driven(asked())
    call_command("round", str(row.pk))
    told = " ".join(capsys.readouterr().out.split())
    assert "PROBES It adds up: click #sum; expect document.title === 'WORKS'" in told
    assert "It is pretty: none: not automatable, says the model: taste" in told
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(get_user_model().objects.create_superuser("root", password="long-enough-1"))
    html = client.get(f"/admin/tasks_app/round/{row.pk}/change/").content.decode()
    assert "document.title === &#x27;WORKS&#x27;" in html
