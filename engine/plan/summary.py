"""Summarises a plan in words for the console, the terminal and the evidence page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.checks import Kind
from engine.plan.predicates import path_of
from engine.plan.schema import FileSource
from engine.plan.wording import in_words, rule_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.domain.checks import Check
    from engine.plan.predicates import AnyPredicate
    from engine.plan.schema import CheckReading, DataAddress, PlannedFile, RequestPlan

UNREAD = "the plan does not say what decides it"
_SOURCES = {
    FileSource.WRITE: "written by the model",
    FileSource.ATTACHMENT: "the attachment as it came",
    FileSource.CHANGED: "a new version by the model",
    FileSource.CONVERTED: "converted by the service",
    FileSource.COMPUTED: "computed by a script",
    FileSource.SERVICE: "made by the service",
    FileSource.WORKFLOW_OUTPUT: "published by the workflow, never committed",
}


@dataclass(frozen=True, slots=True)
class SummaryEntry:
    """One statement of a plan, with its predicates in words."""

    says: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SummarySection:
    heading: str
    entries: tuple[SummaryEntry, ...]


def summary(plan: RequestPlan, checks: Sequence[Check]) -> list[SummarySection]:
    """Return the sections of a plan that are not empty; `checks` are the request's."""
    sections = [
        SummarySection("Files", tuple(map(_file, plan.files))),
        SummarySection("Not to be committed", tuple(map(SummaryEntry, plan.absent))),
        SummarySection("Data", tuple(map(_address, plan.data))),
        SummarySection(
            "Published", (SummaryEntry("by a workflow of the repository"),) if plan.pages == "workflow" else ()
        ),
        SummarySection("Checks", tuple(_checks(plan, checks))),
        SummarySection(
            "The plan's own tests", tuple(SummaryEntry(test.says, _rules(test.predicates)) for test in plan.tests)
        ),
        SummarySection("Notes", tuple(map(SummaryEntry, plan.notes))),
    ]
    return [section for section in sections if section.entries]


def _file(file: PlannedFile) -> SummaryEntry:
    sheet = f", sheet {file.sheet}" if file.sheet else ""
    origin = f" (from {file.origin}{sheet})" if file.origin else ""
    what = f": {file.what}" if file.what else ""
    rules = (
        rule_in_words(predicate) if path_of(predicate) == file.path else in_words(predicate)
        for predicate in file.predicates
    )
    return SummaryEntry(f"{file.path}, {_SOURCES[file.source]}{origin}{what}", tuple(rules))


def _address(address: DataAddress) -> SummaryEntry:
    name = f", published as {address.name}" if address.name else ""
    return SummaryEntry(f"{address.url}{name}{'; the page asks it too' if address.at_run_time else ''}")


def _checks(plan: RequestPlan, checks: Sequence[Check]) -> Iterator[SummaryEntry]:
    sentences = {number: check.text for number, check in enumerate(checks, 1) if check.kind is Kind.PROSE}
    readings = {reading.number: reading for reading in plan.checks}
    for number in sorted({*sentences, *readings}):
        text = sentences.get(number, "(no sentence among the request's checks)")
        yield SummaryEntry(f"{number}. {text}", _decided_by(readings.get(number)))


def _decided_by(reading: CheckReading | None) -> tuple[str, ...]:
    if reading is None:
        return (UNREAD,)
    return _rules(reading.predicates) or (f"nothing decides it: {reading.why_not or 'no reason is given'}",)


def _rules(predicates: Sequence[AnyPredicate]) -> tuple[str, ...]:
    return tuple(map(in_words, predicates))
