"""What GitHub does in between, row by row, through the whole service: each ends as it should, and says what went on.

`Case.says`: a part of what an operator reads on the way or of the record; `Case.live` False: the evaluator was told
without a live page.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from engine.domain.backoff import REBUILDS
from tasks_app.models import Commit, Event, Round
from tasks_app.reports.headline import headline
from tests.doubles.github.faults import PRESETS

if TYPE_CHECKING:
    from tests.github.service import Service

pytestmark = pytest.mark.slow

#: Seconds without a byte, in place of the real ones: long enough for a busy machine's right answers.
PATIENCE = 3


@dataclass(frozen=True)
class Case:
    """One row: a preset of the double's faults, and how it ends."""

    name: str
    kind: str
    changes: tuple[tuple[str, Any], ...] = ()
    says: str = ""
    live: bool = True
    strangers: int = 0  # commits of somebody else in the history
    writes: int = 0  # REST writes beyond the two of a first round

    def __str__(self) -> str:
        return " ".join([self.kind, self.name, *(f"{name}={value}" for name, value in self.changes)])


AFTER = (("when", "after"),)
TWICE = (("times", 2),)
ALWAYS = (("times", None),)

FIRST = [
    Case("bad_gateway", "create", says="GitHub answered the making of a repository with 502", writes=1),
    Case("bad_gateway", "create", AFTER),
    Case("reset", "create", says="did not answer the making of a repository", writes=1),
    Case("answer_lost", "create"),
    Case(
        "secondary", "create", (("seconds", 40),), says="GitHub's limit is reached; it is asked again in 40 s", writes=1
    ),
    Case("secondary_without_time", "create", says="GitHub's limit is reached; it is asked again in 60 s", writes=1),
    Case("too_many", "create", says="GitHub's limit is reached", writes=1),
    Case("bad_gateway", "pages", says="GitHub answered the switching on of Pages with 502", writes=1),
    Case("bad_gateway", "pages", AFTER),
    Case("answer_lost", "pages"),
    Case("conflict", "pages", AFTER),
    Case("branch_missing", "pages", says="The main branch must exist before GitHub Pages can be built", writes=1),
    Case(
        "secondary", "pages", (("seconds", 30),), says="GitHub's limit is reached; it is asked again in 30 s", writes=1
    ),
]

ANY = [
    Case("secondary", "push-refs", (("seconds", 20),), says="GitHub's limit is reached; it is asked again in 20 s"),
    Case("secondary", "push", (("seconds", 20),), says="GitHub's limit is reached; it is asked again in 20 s"),
    Case("server_error", "push", TWICE, says="GitHub answered a push with 500"),
    Case("reset", "push", says="did not answer a push"),
    Case("answer_lost", "push"),
    Case("lost_and_stranger", "push", says="It was overtaken: a later commit", live=False, strangers=1),
    Case("head_moved", "push", strangers=1),
    Case("errored", "build", says="The build of Pages failed: Page build failed.; one more was asked for", writes=1),
    Case(
        "errored",
        "build",
        ALWAYS,
        says="The build of Pages failed 7 times: Page build failed.",
        live=False,
        writes=len(REBUILDS),
    ),
    Case("never", "build", says="Not proven live in time: the build is building", live=False),
    Case("superseded", "build", says="It was overtaken: a later commit", live=False, strangers=1),
    Case("bad_gateway", "builds", TWICE, says="GitHub answered the question for its builds of Pages with 502"),
    Case("reset", "builds", says="did not answer the question for its builds of Pages"),
    Case("secondary", "builds", (("seconds", 30),), says="GitHub's limit is reached"),
    Case("not_found", "builds", says="the build is queued: GitHub shows no builds: 404"),
    Case("stale", "cdn", (("seconds", 25),), says="the plain address"),
    Case("bad_gateway", "site", TWICE, says="the page answers 502"),
    Case("not_found", "site", says="the page answers 404, though the build is built"),
    Case("permission", "site", says="the page answers 403, though the build is built"),
    Case("reset", "site", says="the page could not be fetched"),
]

HANGS = [
    Case("hang", "create", says="did not answer the making of a repository: nothing came in time."),
    Case("hang", "push", says="did not answer a push: nothing came in time."),
    Case("hang", "pages", says="did not answer the switching on of Pages: nothing came in time."),
    Case("hang", "builds", says="did not answer the question for its builds of Pages: nothing came in time."),
    Case("hang", "site", says="the page could not be fetched"),
]


def test_the_table_names_faults_that_there_are() -> None:
    assert {case.name for case in FIRST + ANY + HANGS} <= PRESETS.keys()


@pytest.mark.parametrize("case", FIRST + ANY, ids=str)
def test_a_first_round(case: Case, service: Service) -> None:
    service.double.fault(case.name, case.kind, **dict(case.changes))
    row = service.done()
    assert_ended(service, case, row)
    assert service.double.writes == 2 + case.writes
    assert [each for each in service.double.repositories() if each.startswith(service.double.login)] == [
        f"{row.owner}/{row.repository}"
    ]


@pytest.mark.parametrize("case", ANY, ids=str)
def test_a_later_round(case: Case, service: Service) -> None:
    first = service.done()
    writes = service.double.writes
    service.told.clear()
    service.double.fault(case.name, case.kind, **dict(case.changes))
    row = service.done(round="2", brief="Make it blue.")
    assert_ended(service, case, row, before=[first])
    assert (row.repo_url, row.pages_url) == (first.repo_url, first.pages_url)
    assert service.double.writes - writes == case.writes == service.double.count("rebuild")


@pytest.mark.parametrize("case", HANGS, ids=str)
def test_a_server_that_says_nothing(case: Case, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.adapters.github.rest.SECONDS", PATIENCE)
    monkeypatch.setattr("engine.adapters.github.git.PUSH_SECONDS", PATIENCE)
    monkeypatch.setattr("engine.steps.liveness.FETCH_SECONDS", PATIENCE)
    service.double.fault(case.name, case.kind)
    assert_ended(service, case, service.done())


def assert_ended(service: Service, case: Case, row: Round, before: list[Round] | None = None) -> None:
    """Completed, told once and in time, one commit of ours more, nothing of a stranger's lost, and a sentence about
    what went on."""
    assert (row.state, row.late, row.degraded, row.live) == ("completed", False, False, case.live), service.told
    assert row.notifications.count() == 1
    told = service.callbacks()[-1]
    assert (told["commit_sha"], told["repo_url"], told["pages_url"]) == (row.commit_sha, row.repo_url, row.pages_url)
    assert len(service.callbacks()) == 1 + len(before or [])
    double = service.double
    history = double.commits(row.owner, row.repository)
    ours = [row.commit_sha, *(each.commit_sha for each in before or [])]
    assert [sha for sha in history if sha in ours] == ours
    assert len(history) == len(ours) + case.strangers
    assert len([path for path in double.files(row.owner, row.repository) if path.startswith("stranger-")]) == (
        case.strangers
    )
    assert Commit.objects.filter(round=row, pushed_at__isnull=False).count() == 1
    assert case.says in "\n".join([*service.told, *row.step_runs.values_list("detail", flat=True)]), service.told


def test_a_build_that_fails_is_asked_for_again_at_growing_distances_and_each_time_in_the_record(
    service: Service,
) -> None:
    service.double.fault("errored", "build", times=None)
    row = service.done()
    asked = [call.at for call in service.double.calls if call.kind == "rebuild"]
    distances = [after - before for before, after in pairwise(asked)]
    assert all(found >= wanted for found, wanted in zip(distances, REBUILDS[1:], strict=True))
    assert asked[-1] < row.deadline_at.timestamp()
    assert row.commits.get().rebuilds == len(REBUILDS)
    looks = row.pages_statuses.filter(build_status="errored")
    assert looks.count() >= len(REBUILDS), "each look is a row, with the reason for the wait"


def test_a_build_that_ends_after_the_callback_is_recorded_and_not_told_again(service: Service) -> None:
    service.double.fault("never", "build")
    row = service.done()
    assert row.watch_until
    place = service.double.state.get(row.owner, row.repository)
    place.builds.all[-1].outcome = ""
    row = service.look_on(row)
    assert (row.live, row.state) == (True, "completed")
    assert "later and serves this commit now" in headline(row, timezone.now())
    assert Event.objects.filter(round=row, what="live after the callback").count() == 1
    assert len(service.callbacks()) == 1


def test_a_build_that_never_ends_is_given_up_after_half_an_hour(service: Service) -> None:
    service.double.fault("never", "build", times=None)
    row = service.done()
    told_at, asked = timezone.now(), service.double.count("builds")
    row = service.look_on(row)
    assert (row.live, row.watch_at) == (False, None)
    assert 29 * 60 < (timezone.now() - told_at).total_seconds() < 31 * 60
    assert service.double.count("builds") - asked <= 30 * 60 / 15 + 1
    assert "not seen to serve" in headline(row, timezone.now())
