"""Checks of a page: their kinds, verdicts and results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.formats.expressions import is_expression


class Kind(StrEnum):
    """The kind of a check, which says how it is decided."""

    JS = "js"  # an expression that an evaluator runs in the page
    PROSE = "prose"  # a sentence
    RULE = "rule"  # our own, on the files: index.html, licence, README
    SOURCE = "source"  # advice: on the source of the page, without running it
    REVIEW = "review"  # advice: defects of the source, and the results of all checks in order on one page
    PAGE_LOAD = "page_load"  # advice: how the page loaded at one width, with a screenshot
    FILE = "file"  # the plan's, on a file: it exists, its words, form, links
    TEST = "test"  # the plan's test of something in the brief that no check covers
    COMPUTED = "computed"  # our own: tools/build.js runs and gives what the plan and the page expect of it
    GATE = "gate"  # our own, before a browser or a push: placeholders, our secrets, credentials
    EARLIER = "earlier"  # an expression that held when an earlier round of the task was published
    REGRESSION = "regression"  # a requirement of an earlier round's plan that held in the round before
    RUN = "run"  # our own, on the published commit: its workflows have succeeded
    UNKNOWN = "unknown"  # neither text nor {"js": ...}: stored, never decided


class Verdict(StrEnum):
    """A check's result. Only `pass` counts as passed."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    ERROR = "error"
    TIMEOUT = "timeout"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not_run"
    UNVERIFIABLE = "unverifiable"
    VACUOUS = "vacuous"
    INVALID = "invalid"


#: Verdicts that mean a defect of the page. The others, such as inconclusive and not run, say nothing about it.
WRONG = frozenset({Verdict.FAIL, Verdict.ERROR, Verdict.TIMEOUT})

#: Kinds of the request's own checks.
REQUESTED = frozenset({Kind.JS, Kind.PROSE, Kind.UNKNOWN})

#: Kinds of checks that earlier rounds of the task left.
OF_EARLIER = frozenset({Kind.EARLIER, Kind.REGRESSION})

#: Kinds whose results are known as soon as there is a tree, before it is verified.
BEFORE_VERIFY = frozenset({Kind.GATE, Kind.COMPUTED})

#: Kinds that are advice only, and are not counted.
ADVICE = frozenset({Kind.SOURCE, Kind.REVIEW, Kind.PAGE_LOAD})


class Target(StrEnum):
    """The page that a check was run on."""

    EMPTY = "empty"
    LOCAL = "local"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `text` comes from the request, without `js:`."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class PredicateResult:
    """The result of one predicate: its words, its verdict and the observed value."""

    says: str
    verdict: Verdict
    seen: str = ""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The result of one check on one target. `milliseconds` is None if nothing ran; `screenshot` is a JPEG.

    `predicates` are the plan's predicates that decided a sentence or a test of the plan.
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
    """Read one entry of a request's `checks`: `js: …`, `{"js": …}`, a bare expression or a sentence; else UNKNOWN."""
    match raw:
        case {"js": str(expression)}:
            return Check(Kind.JS, expression.strip())
        case str(text) if text.lstrip()[:3].lower() == "js:":
            return Check(Kind.JS, text.lstrip()[3:].strip())
        case str(text):
            return Check(Kind.JS if is_expression(text) else Kind.PROSE, text.strip())
        case _:
            return Check(Kind.UNKNOWN, repr(raw)[:500])
