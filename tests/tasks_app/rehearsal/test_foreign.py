"""A rehearsal against a foreign implementation of the endpoint: each planted fault is found, and its reason says so.

One run judges them all: a submission for each fault, one without any, two rounds each.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.chromium import chromium
from tests.doubles.foreign.faults import NAMES
from tests.doubles.foreign.running import process
from tests.rehearsing import Endpoints, Evaluator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.rehearsing import Row

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.slow]

DEADLINE = 20  # seconds
#: Between the deadline and twice of it, when the evaluator waits no longer.
LATE = "late=30"

HONEST = "none"
#: They are as they should be in the end: a refused request was sent again.
FAULTLESS = (HONEST, "flaky")

#: The round in which each shows first, the kind of the check that finds it, and what the reason says.
FOUND = {
    "two-commits": (1, "repository", "2 commits"),
    "stale-page": (2, "page", "not this commit's"),
    "wrong-sha": (1, "repository", "is no commit of the repository"),
    "late": (1, "callback", "came late"),
    "no-licence": (1, "licence", "no LICENSE"),
    "secret-in-history": (1, "history", "submission's secret stands in local.env.*AWS.*local.env"),
    "second-callback": (1, "callback", "another callback"),
    "status-201": (1, "request", "answered 201"),
    "ignores-round-2": (2, "repository", "changed nothing"),
    "base64-text": (1, "file", "picture.png.*base64 text|base64 text"),
    "hang": (1, "request", "no answer came in 3 tries"),
    "rubbish-200": (1, "callback", "no callback came"),
    "redirect": (1, "request", "answered 307.*redirect"),
    "never-200": (1, "request", "answered 500"),
    "huge-repository": (1, "repository", "too large"),
    "private": (1, "repository", "without credentials.*401"),
    "page-404": (1, "page", "answers 404"),
    "other-nonce": (1, "callback", "nonce"),
    "for-somebody-else": (1, "callback", "email"),
    "no-callback": (1, "callback", "no callback came"),
}


def address(fault: str) -> str:
    return f"{fault}@example.com"


@dataclass(frozen=True)
class Judged:
    """What the run left."""

    exit_code: int
    output: str
    rows: Sequence[Row]

    def failing(self, fault: str, number: int) -> list[Row]:
        """Return the failing checks of a round of the submission with this fault."""
        mine = [row for row in self.rows if row.email == address(fault) and row.round == number]
        assert mine, f"round {number} of {fault} was not judged"
        return [row for row in mine if row.failing]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    folder = tmp_path_factory.mktemp("foreign")
    browser = {"CHROMIUM_PATH": chromium(), "CHROMIUM_NO_SANDBOX": "1" if os.geteuid() == 0 else "auto"}
    with process(folder / "foreign") as foreign:
        faults = {name: foreign.endpoint(LATE if name == "late" else name) for name in (HONEST, *NAMES)}
        endpoints = Endpoints({address(name): url for name, url in faults.items()}, foreign.secret)
        with Evaluator(folder, endpoints, deadline=DEADLINE, **browser) as evaluator:
            evaluator.start()
            exit_code = evaluator.until_end(900)
            yield Judged(exit_code, evaluator.log.read_text(), evaluator.results())


def test_every_fault_has_its_line_here() -> None:
    assert FOUND.keys() | set(FAULTLESS) == NAMES.keys() | {HONEST}


@pytest.mark.parametrize("fault", FOUND)
def test_a_planted_fault_is_found_and_named(judged: Judged, fault: str) -> None:
    number, kind, reason = FOUND[fault]
    failing = judged.failing(fault, number)
    named = [row for row in failing if row.kind == kind and row.score == 0 and re.search(reason, row.reason)]
    assert named, "\n".join(map(str, failing))
    if number > 1:
        assert judged.failing(fault, 1) == []


@pytest.mark.parametrize("fault", FAULTLESS)
@pytest.mark.parametrize("number", [1, 2])
def test_what_is_as_it_should_be_has_no_failing_check(judged: Judged, fault: str, number: int) -> None:
    assert judged.failing(fault, number) == []


def test_everything_was_decided_by_a_browser(judged: Judged) -> None:
    honest = [row for row in judged.rows if row.email == address(HONEST)]
    assert [row for row in honest if row.score is None] == []
    assert {row.kind for row in honest} >= {"page", "html", "file", "history", "readme", "licence", "callback"}


def test_the_command_says_that_checks_fail_and_shows_no_secret(judged: Judged) -> None:
    assert judged.exit_code == 1, judged.output
    assert all(address(name) in judged.output for name in FOUND)
    assert "Traceback" not in judged.output
