"""Checks that a page will be judged by: their kinds, verdicts and results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.formats.expressions import is_expression


class Kind(StrEnum):
    """How a check is decided."""

    JS = "js"  # an expression that an evaluator runs in the page
    PROSE = "prose"  # a sentence
    RULE = "rule"  # our own, on the files: licence, README, required files
    SOURCE = "source"  # advice: what the page's source shows without running it
    REVIEW = "review"  # advice: what a reader of the source would ask to change, or all checks on one page give
    PAGE_LOAD = "page_load"  # the page as it opened at one width, with its screenshot
    FILE = "file"  # the plan's, on a file: it is there, its words, form, links
    TEST = "test"  # the plan's own test of what the brief asks and no check covers
    GATE = "gate"  # our own, before a browser or a push: placeholders, secrets, token shapes
    EARLIER = "earlier"  # an expression that held when an earlier round of the task was published
    REGRESSION = "regression"  # what an earlier round's plan says and what held in the round before
    UNKNOWN = "unknown"  # neither text nor {"js": ...}: kept, never decided


class Verdict(StrEnum):
    """What came out. Only `pass` is a pass."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    ERROR = "error"
    TIMEOUT = "timeout"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not_run"
    UNVERIFIABLE = "unverifiable"
    VACUOUS = "vacuous"
    INVALID = "invalid"


#: Verdicts that say that the page is wrong; what is inconclusive or was not run says nothing about it.
WRONG = frozenset({Verdict.FAIL, Verdict.ERROR, Verdict.TIMEOUT})

#: What the request's own `checks` say.
REQUESTED = frozenset({Kind.JS, Kind.PROSE, Kind.UNKNOWN})

#: What earlier rounds of the task asked for.
OF_EARLIER = frozenset({Kind.EARLIER, Kind.REGRESSION})

#: What is advice alone: no check of the request or of ours.
ADVICE = frozenset({Kind.SOURCE, Kind.REVIEW, Kind.PAGE_LOAD})


class Target(StrEnum):
    """What a check was run on."""

    EMPTY = "empty"
    LOCAL = "local"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a request: `text` as it came (without `js:`), `kind` how it will be decided."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class PredicateResult:
    """What one predicate gave: the predicate in words, its verdict and what was seen."""

    says: str
    verdict: Verdict
    seen: str = ""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What one check gave on one target. `milliseconds` is None where nothing was run; `screenshot` is a JPEG.

    `predicates` are those of the plan that decided it, for a sentence and for the plan's own tests.
    """

    check: Check
    target: Target
    verdict: Verdict
    detail: str = ""
    value: object = None
    milliseconds: int | None = None
    console: tuple[str, ...] = ()
    screenshot: bytes = b""
    predicates: tuple[PredicateResult, ...] = ()


def parse_check(raw: object) -> Check:
    """Read one entry of a request's `checks`: `js: …`, `{"js": …}`, a bare expression, a sentence; anything else is kept as UNKNOWN."""
    match raw:
        case {"js": str(expression)}:
            return Check(Kind.JS, expression.strip())
        case str(text) if text.lstrip()[:3].lower() == "js:":
            return Check(Kind.JS, text.lstrip()[3:].strip())
        case str(text):
            return Check(Kind.JS if is_expression(text) else Kind.PROSE, text.strip())
        case _:
            return Check(Kind.UNKNOWN, repr(raw)[:500])
