from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from engine.domain.backoff import REBUILDS
from engine.domain.http import Answer
from engine.domain.publication import Rebuild
from engine.domain.repository import PagesBuild, Repository
from engine.errors import LeaseLost, OutOfService, Permanent, RateLimited, Transient
from engine.steps.liveness import BEGINS_WITHIN, LivenessResult, check_liveness
from tests.engine.steps.inputs import awaiting
from tests.engine.steps.test_deploy import published
from tests.fakes import NOW, PAGE

if TYPE_CHECKING:
    from engine.ports import Ports

FAILED = PagesBuild("errored", None, "Page build failed.", "7")


def looked(look: PagesBuild | BaseException, **over: object) -> tuple[LivenessResult, Ports, Repository, str]:
    ports, place, sha = published()
    if isinstance(look, PagesBuild):
        ports.forge.looks.append(look)
    else:
        ports.forge.faults.before["pages_build"].append(look)
    return check_liveness(awaiting(place, sha, **over), ports), ports, place, sha


def test_live_means_built_from_this_commit_and_these_bytes_past_the_cache_and_on_the_plain_address() -> None:
    ports, place, sha = published()
    assert check_liveness(awaiting(place, sha), ports) == LivenessResult(live=True)
    ports.clock.advance(3)
    check_liveness(awaiting(place, sha), ports)
    past, plain, again, _ = ports.fetcher.fetched
    assert past.startswith(f"{place.pages_url}?commit={sha}&at=")
    assert plain == place.pages_url
    assert again not in {past, plain}  # what the edge kept for one look is not what the next one gets
    assert ports.journal.looks[-1][1:] == (200, True, "")


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (PagesBuild("building", None), "the build is building"),
        (PagesBuild("queued", None, "GitHub has begun no build of it yet"), "the build is queued: GitHub has begun"),
        (PagesBuild("built", "0" * 40), "the newest build is of another commit, 0000"),
        (Transient("forge_unwell", "GitHub answered 502."), "GitHub answered 502."),
    ],
)
def test_what_is_not_built_is_waited_for_and_its_address_is_not_opened(look: PagesBuild, reason: str) -> None:
    seen, ports, _, _ = looked(look)
    assert (seen.live, seen.final) == (False, False)
    assert reason in seen.reason
    assert ports.fetcher.fetched == []
    assert ports.journal.looks[-1][1:] == (None, False, seen.reason)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"old bytes", "still serves other bytes"),
        (Answer(404, {}, b"", ""), "answers 404"),
        (Answer(403, {}, b"", ""), "answers 403"),
        (Transient("timed_out", "It took too long."), "could not be fetched: It took too long."),
    ],
)
@pytest.mark.parametrize("plain", [False, True])
def test_old_bytes_an_early_404_and_a_silent_server_are_not_live_yet(answer: object, reason: str, plain: bool) -> None:
    ports, place, sha = published()
    fresh = f"{place.pages_url}?commit={sha}&at={ports.clock.now():%H%M%S%f}"
    ports.fetcher.answers |= {fresh: PAGE} | {place.pages_url if plain else fresh: answer}
    seen = check_liveness(awaiting(place, sha), ports)
    assert (seen.live, seen.final) == (False, False)
    assert seen.reason.startswith("the plain address" if plain else "the page")
    assert reason in seen.reason
    assert ports.journal.looks[-1][2:] == (False, seen.reason)


def test_a_later_round_that_is_built_already_is_not_waited_out() -> None:
    seen, _, _, _ = looked(PagesBuild("built", "f" * 40), later=frozenset({"e" * 40, "f" * 40}))
    assert seen == LivenessResult(
        reason=f"A later round's commit {'f' * 10} was built before this one was seen live", final=True
    )


def test_a_build_that_failed_is_asked_for_again_and_remembered_before_it_is() -> None:
    seen, ports, _, sha = looked(FAILED)
    assert seen == LivenessResult(reason="The build of Pages failed: Page build failed.; one more was asked for")
    assert ports.journal.rebuilds == [(sha, "7")]
    assert ports.forge.writes[-1] == "rebuild"


def test_nobody_asks_for_a_build_without_having_remembered_it() -> None:
    ports, place, sha = published()
    ports.forge.looks.append(FAILED)
    ports.journal.rebuild_asked = _fenced
    with pytest.raises(LeaseLost):
        check_liveness(awaiting(place, sha), ports)
    assert "rebuild" not in ports.forge.writes


@pytest.mark.parametrize(
    ("build", "rebuild", "asks", "reason"),
    [
        ("7", None, True, "failed: Page build failed.; one more was asked for"),
        ("7", Rebuild("7", NOW), False, "was asked for and has not begun yet"),
        (
            "8",
            Rebuild("7", NOW - timedelta(seconds=29)),
            False,
            "failed 2 times: Page build failed.; one more is asked for in 1 s",
        ),
        ("8", Rebuild("7", NOW - timedelta(seconds=30)), True, "one more was asked for"),
        ("9", Rebuild("8", NOW - timedelta(seconds=59), 2), False, "failed 3 times"),
        ("9", Rebuild("8", NOW - timedelta(seconds=60), 2), True, "one more was asked for"),
        ("9", Rebuild("", None, 1), False, "is asked for in 10 s"),
        ("7", Rebuild("7", NOW - BEGINS_WITHIN), False, "is asked for in 30 s"),
    ],
)
def test_a_failed_build_is_asked_for_again_at_growing_distances(
    build: str, rebuild: Rebuild | None, asks: bool, reason: str
) -> None:
    seen, ports, _, sha = looked(replace(FAILED, build=build), rebuild=rebuild)
    assert (seen.final, ports.forge.writes.count("rebuild")) == (False, asks)
    assert ports.journal.rebuilds == ([(sha, build)] if asks else [])
    assert reason in seen.reason


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"rebuild": Rebuild("6", NOW - timedelta(seconds=900), len(REBUILDS))}, "failed 7 times: Page build failed."),
        ({"rebuild": Rebuild("7", NOW - timedelta(seconds=900), len(REBUILDS))}, "and never began"),
        ({"rebuild": Rebuild("6", NOW), "rebuilds_until": NOW + timedelta(seconds=30)}, "failed 2 times"),
    ],
)
def test_no_build_is_asked_for_after_the_last_or_past_the_deadline(over: dict[str, object], reason: str) -> None:
    seen, ports, _, _ = looked(FAILED, **over)
    assert seen.final
    assert reason in seen.reason
    assert "rebuild" not in ports.forge.writes


@pytest.mark.parametrize(
    ("error", "final", "remembered", "reason"),
    [
        (RateLimited("forge_pace", "Its turn comes in 9 s.", 9), False, False, "is asked for next. Its turn comes"),
        (Transient("forge_unwell", "GitHub answered 502."), False, True, "perhaps not heard. GitHub answered 502."),
        (Permanent("build_refused", "GitHub refused one more build."), True, True, "GitHub refused one more build."),
    ],
)
def test_a_request_for_a_build_that_goes_wrong(error: Exception, final: bool, remembered: bool, reason: str) -> None:
    ports, place, sha = published()
    ports.forge.looks.append(FAILED)
    ports.forge.faults.before["rebuild"].append(error)
    seen = check_liveness(awaiting(place, sha), ports)
    assert (seen.final, bool(ports.journal.rebuilds)) == (final, remembered)
    assert reason in seen.reason
    assert seen.pause == (9 if isinstance(error, RateLimited) else 0)


def test_a_token_that_may_not_build_is_the_breakers_business() -> None:
    ports, place, sha = published()
    ports.forge.looks.append(FAILED)
    ports.forge.faults.before["rebuild"].append(OutOfService("forge_permission_missing", "no", kind="forge"))
    with pytest.raises(OutOfService):
        check_liveness(awaiting(place, sha), ports)
    assert ports.journal.rebuilds == []


def _fenced(**_: object) -> None:
    raise LeaseLost
