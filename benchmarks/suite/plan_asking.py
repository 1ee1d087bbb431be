"""Answers to the plan prompt: a model's, asked as a round asks it, and those that were recorded; and what is read of
them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.suite.plan_requests import FOLDER
from benchmarks.suite.plan_table import Judged, Valid, judged
from engine.domain.brief import EarlierRound
from engine.domain.checks import Kind, parse_check
from engine.plan.reading import better, read_plan
from engine.plan.schema import response_schema
from engine.prompts.plan import plan_prompt, reminder_prompt
from engine.steps.planning import LONGEST_ANSWER, request_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.suite.plan_requests import SuiteRequest
    from engine.domain.brief import Brief
    from engine.domain.model_call import Prompt
    from engine.plan.allowed import PlanRequest
    from engine.plan.reading import PlanReading
    from engine.ports import Author

ANSWERS = FOLDER / "answers"
BOUNDARY = "7c20e6b1d94f"
_REMINDED = ".reminded.txt"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model answered to the prompt, and to the reminder where there was one; None where there was none."""

    first: str
    reminded: str | None = None


def brief_of(request: SuiteRequest) -> Brief:
    """Return the brief with what the earlier rounds asked for, and their checks that must go on holding."""
    earlier = tuple(EarlierRound(number, one.brief) for number, one in enumerate(request.earlier, 1))
    checks = [parse_check(one) for asked in request.earlier for one in asked.checks]
    kept = tuple(check for check in checks if check.kind is Kind.JS)
    return replace(request.as_brief(), earlier=earlier, earlier_checks=kept)


def judge(request: SuiteRequest, answers: Answers) -> Judged:
    """Judge what a round would take of the answers to a request."""
    reading, reminded = taken(answers, _request(request))
    return judged(request, reading.plan, _valid(reading, reminded=reminded))


def taken(answers: Answers, request: PlanRequest) -> tuple[PlanReading, bool]:
    """Return what a round would take of the answers, and whether that is the second one."""
    first = read_plan(answers.first, request)
    if not first.errors or answers.reminded is None:
        return first, False
    chosen = better(first, read_plan(answers.reminded, request))
    return chosen, chosen is not first


def ask(request: SuiteRequest, author: Author, *, seconds: float) -> Answers:
    """Ask a model for the plan of a request of the suite, as `ask_for_plan`."""
    return ask_for_plan(brief_of(request), _request(request), author, seconds=seconds)


def ask_for_plan(brief: Brief, request: PlanRequest, author: Author, *, seconds: float) -> Answers:
    """Ask a model for the plan, and once more where its answer is malformed. Raises what the author raises."""
    prompt = plan_prompt(brief, boundary=BOUNDARY, present=request.present)
    first = _answer(prompt, author, seconds)
    if not (errors := read_plan(first, request).errors):
        return Answers(first)
    return Answers(first, _answer(reminder_prompt(prompt, first, errors), author, seconds))


def record(folder: Path, name: str, answers: Answers) -> None:
    """Write the answers to a request into a model's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(answers.first)
    (folder / f"{name}{_REMINDED}").unlink(missing_ok=True)
    if answers.reminded is not None:
        (folder / f"{name}{_REMINDED}").write_text(answers.reminded)


def recorded(folder: Path, requests: Sequence[SuiteRequest]) -> Iterator[tuple[SuiteRequest, Answers]]:
    """Yield the answers in a model's folder, with their requests."""
    for request in requests:
        first, reminded = folder / f"{request.name}.txt", folder / f"{request.name}{_REMINDED}"
        if first.exists():
            yield request, Answers(first.read_text(), reminded.read_text() if reminded.exists() else None)


def _request(request: SuiteRequest) -> PlanRequest:
    return request_of(brief_of(request), request.present, allow_private=False)


def _answer(prompt: Prompt, author: Author, seconds: float) -> str:
    reply = author.write(
        prompt.messages, model=author.models[0], seconds=seconds, tokens=LONGEST_ANSWER, schema=response_schema()
    )
    return reply.text


def _valid(reading: PlanReading, *, reminded: bool) -> Valid:
    if reading.plan is None:
        return Valid.NEVER
    if reading.errors:
        return Valid.IN_PART
    return Valid.REMINDED if reminded else Valid.AT_ONCE
