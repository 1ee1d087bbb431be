"""Decides what follows a verification: publish the best attempt, repair it, or generate it again from scratch.

Repairs help for about two attempts; then a new sample by another model is better than a third repair
(https://arxiv.org/abs/2604.10508, https://arxiv.org/abs/2306.09896).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.checks.gates import barring_results
from engine.checks.selection import Candidate, best
from engine.domain.checks import ADVICE, OF_EARLIER, WRONG, Check, CheckOutcome, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_REPAIRS = 2


class Purpose(StrEnum):
    """The purpose of an attempt. For FALLBACK the service writes the page instead of a model."""

    GENERATE = "generate"
    REPAIR = "repair"
    RESAMPLE = "resample"
    FALLBACK = "fallback"


class Next(StrEnum):
    PUBLISH = "publish"
    REPAIR = "repair"
    RESAMPLE = "resample"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class JudgedAttempt:
    """An attempt with its results. `digest` is its tree's hash; "" if its reply held no usable tree."""

    attempt: int
    purpose: Purpose
    digest: str = ""
    results: Sequence[CheckOutcome] = ()
    parent: int | None = None  # the attempt whose tree it repairs


@dataclass(frozen=True, slots=True)
class Decision:
    """The next action, the attempt that it applies to, and the reason in a sentence."""

    next: Next
    attempt: int
    reason: str


def candidates(attempts: Sequence[JudgedAttempt]) -> list[Candidate]:
    """Return the attempts that gave a tree, each with the results of the attempt that it repairs."""
    results = {one.attempt: one.results for one in attempts}
    return [
        Candidate(one.attempt, order, one.results, results.get(one.parent or 0, ()))
        for order, one in enumerate(attempts, 1)
        if one.digest
    ]


def decide(attempts: Sequence[JudgedAttempt], *, repair_seconds: float, given_up: str = "") -> Decision:
    """Decide the next action after a round's attempts, at least one of which gave a tree.

    `repair_seconds` is the time left for a model call; `given_up` says why there must be no further call.
    """
    chosen = best(candidates(attempts))
    wrong = repairable(chosen.results)
    action, why = Next.PUBLISH, "nothing is left that a repair could mend"
    if wrong:
        action, why = _next_purpose(attempts, wrong)
    if action in {Next.REPAIR, Next.RESAMPLE} and (given_up or not repair_seconds):
        action, why = Next.PUBLISH, f"{why}; {given_up or f'{action} was cut: its share of the deadline is over'}"
    if action is Next.PUBLISH and chosen.barred:
        action, why = Next.FALLBACK, "; ".join(r.detail for r in barring_results(chosen.results))
    return Decision(action, chosen.attempt, why)


def repairable(results: Sequence[CheckOutcome]) -> list[CheckOutcome]:
    """Return the failures that a better page would fix; advice and undecided checks are left out."""
    return [r for r in results if r.verdict in WRONG and r.check.kind not in ADVICE]


def signature(results: Sequence[CheckOutcome]) -> str:
    """Return a hash of the failing checks with verdicts and details; "" if none fails. Equal hashes: same failures."""
    wrong = sorted((r.check.text, r.verdict, r.detail, repr(r.value)) for r in repairable(results))
    return hashlib.sha256(json.dumps(wrong).encode()).hexdigest() if wrong else ""


def tree_digest(files: Mapping[str, bytes]) -> str:
    parts = [(path, hashlib.sha256(content).hexdigest()) for path, content in sorted(files.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _next_purpose(attempts: Sequence[JudgedAttempt], wrong: Sequence[CheckOutcome]) -> tuple[Next, str]:
    fails = f"{len(wrong)} of its checks fail"
    purposes = [one.purpose for one in attempts]
    if Purpose.FALLBACK in purposes:
        return Next.PUBLISH, "it is the fallback page"
    if Purpose.RESAMPLE in purposes:
        return Next.PUBLISH, f"{fails}; a fresh sample was tried"
    repairs = purposes.count(Purpose.REPAIR)
    if only_earlier(wrong) and repairs:
        return Next.PUBLISH, f"{fails}, all of them of earlier rounds: the brief may ask for that"
    if no_progress := _why_no_progress(attempts):
        return Next.RESAMPLE, f"{fails}; {no_progress}"
    if repairs >= MAX_REPAIRS:
        return Next.PUBLISH, f"{fails} after {repairs} repairs"
    return Next.REPAIR, fails


def only_earlier(wrong: Sequence[CheckOutcome]) -> bool:
    """Say whether only checks of earlier rounds fail."""
    return all(r.check.kind in OF_EARLIER for r in wrong)


def _why_no_progress(attempts: Sequence[JudgedAttempt]) -> str:
    """Return a clause on why the last repair made no progress; "" if it made some."""
    last, before = attempts[-1], [one for one in attempts[:-1] if one.digest]
    if last.purpose is not Purpose.REPAIR:
        return ""
    if not last.digest:
        return "the repair gave no usable files"
    if last.digest in {one.digest for one in before}:
        return "the repair changed nothing"
    if signature(last.results) in {signature(one.results) for one in before}:
        return "the repair fails alike"
    return ""


def as_js(check: Check) -> Check:
    """Return a check of an earlier round as a JS check; another check as it is."""
    return Check(Kind.JS, check.text) if check.kind is Kind.EARLIER else check
