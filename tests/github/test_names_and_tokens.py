"""What GitHub says of names, repositories, tokens and secrets, through the whole service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from engine.domain.lifecycle import ENDED
from engine.site.repository_files import repository_name
from tasks_app.models import Attempt, Breaker, Round
from tasks_app.operations.breakers import breaker_close
from tasks_app.reports.headline import headline
from tests.doubles.github.faults import Fault

if TYPE_CHECKING:
    from tests.github.service import Service

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("strangers", [1, 2])
def test_a_name_that_a_stranger_holds_is_left_to_them(strangers: int, service: Service) -> None:
    double = service.double
    row = service.round()
    wanted = repository_name(row.email, row.task_name, row.nonce)
    taken = [wanted, f"{wanted}-2"][:strangers]
    for name in taken:
        double.take_name(double.login, name)
    service.play(lambda: Round.objects.get(pk=row.pk).state in ENDED)
    row.refresh_from_db()
    assert (row.state, row.live, row.repository) == ("completed", True, f"{wanted}-{strangers + 1}")
    assert [double.files(double.login, name) for name in taken] == [{"README.md": b"# Mine\n"}] * strangers
    assert double.writes == 2


def test_a_name_that_a_stranger_takes_right_then_is_left_to_them(service: Service) -> None:
    double = service.double
    row = service.round()
    wanted = repository_name(row.email, row.task_name, row.nonce)
    double.fault("not_found", "repository")  # as if it had not been there a moment before
    double.take_name(double.login, wanted)
    service.play(lambda: Round.objects.get(pk=row.pk).state in ENDED)
    row.refresh_from_db()
    assert (row.state, row.live, row.repository) == ("completed", True, f"{wanted}-2")
    assert double.writes == 3


@pytest.mark.parametrize("rename", [False, True])
def test_a_repository_that_is_gone_before_a_later_round_is_made_anew(rename: bool, service: Service) -> None:
    double = service.double
    first = service.done()
    at_head = double.files(first.owner, first.repository)
    if rename:
        double.rename(first.owner, first.repository, "called-otherwise")
    else:
        double.delete(first.owner, first.repository)
    second = service.done(round="2", brief="Make it blue.", attachments=[])
    assert (second.state, second.live, second.late) == ("completed", True, False), service.told
    assert second.repository not in {first.repository, "called-otherwise"}
    assert len(double.commits(second.owner, second.repository)) == 1
    carried = double.files(second.owner, second.repository)
    assert carried["data.csv"] == at_head["data.csv"]
    assert [text for text in second.warnings if "goes to a new repository" in text]
    if rename:
        assert double.files(first.owner, "called-otherwise") == at_head


@pytest.mark.parametrize("before", ["create", "push"])
def test_a_token_that_is_revoked_holds_the_round_and_a_good_one_sends_it_on(before: str, service: Service) -> None:
    double = service.double
    if before == "create":
        double.revoke()
    else:
        double.fault("bad_credentials", "push-refs", times=None)
    row = service.round()
    service.play(lambda: Round.objects.get(pk=row.pk).needs_attention)
    row.refresh_from_db()
    assert (row.state, row.step) == ("waiting", "publish")
    assert Breaker.objects.get(closed_at=None).kind == "forge"
    assert service.callbacks() == []
    assert "GitHub refuses the token (401)" in service.told[-1]
    assert "Needs attention" in service.told[-1]
    service.play(lambda: timezone.now() > row.deadline_at)

    double.restore()
    double.state.faults.clear()
    breaker_close(kind="forge", who="start")
    service.play(lambda: Round.objects.get(pk=row.pk).state in ENDED)
    row.refresh_from_db()
    # Told at once with what there is, since it is late already; the page comes a moment after that.
    assert (row.state, row.late, row.needs_attention) == ("completed", True, False)
    assert service.look_on(row).live
    assert len(double.repositories()) == 1
    assert double.commits(row.owner, row.repository) == [row.commit_sha]
    assert len(service.callbacks()) == 1


@pytest.mark.parametrize(("lacking", "names"), [("administration", "Administration"), ("pages", "Pages")])
def test_a_permission_that_is_missing_is_named(lacking: str, names: str, service: Service) -> None:
    service.double.state.lacking = {lacking}
    row = service.round()
    service.play(lambda: Round.objects.get(pk=row.pk).needs_attention)
    assert f"needs the permission {names}" in service.told[-1]
    service.double.state.lacking = set()
    breaker_close(kind="forge", who="start")
    service.play(lambda: Round.objects.get(pk=row.pk).state in ENDED)
    row.refresh_from_db()
    assert (row.state, row.live) == ("completed", True)
    assert len(service.double.repositories()) == 1


def test_a_rule_of_the_account_holds_rounds_without_further_model_calls_until_it_is_mended(service: Service) -> None:
    service.double.fault("rule", "push", times=None)
    first = service.round()
    service.play(lambda: Round.objects.get(pk=first.pk).needs_attention)
    assert "Changes must be made through a pull request." in service.told[-1]
    calls = Attempt.objects.count()
    second = service.round(nonce="another")
    service.play(lambda: Round.objects.get(pk=second.pk).needs_attention)
    assert Attempt.objects.count() == calls
    assert "nothing could be published" in Round.objects.get(pk=second.pk).waiting_on
    service.time.to(second.deadline_at)
    service.double.state.faults.clear()
    breaker_close(kind="forge", who="operator")
    service.play(lambda: all(row.state in ENDED for row in Round.objects.all()))
    for row in Round.objects.all():
        assert (row.state, row.late, row.degraded) == ("completed", True, False)


def test_a_round_whose_repository_is_archived_goes_to_a_new_one(service: Service) -> None:
    first = service.done()
    archived = json.dumps({"message": "This repository was archived so it is read-only."})
    service.double.state.faults.add(Fault(kind="push", path=first.repository, status=403, body=archived))
    row = service.done(round=2)
    assert (row.state, row.live) == ("completed", True)
    assert row.repository != first.repository
    assert "takes no commits any more" in row.warnings[-1]


def test_a_secret_that_githubs_push_protection_finds_ends_the_round_with_its_words(service: Service) -> None:
    service.double.fault("secret", "push")
    row = service.done()
    assert (row.state, row.error_code) == ("failed", "push_protection")
    assert "push protection" in headline(row, timezone.now())
    assert service.callbacks() == []
