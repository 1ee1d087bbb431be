"""Reads a model's answer to the plan prompt item by item.

A malformed item is an error of the answer, and the reminder to the model names it. A refused item is well-formed but
not allowed (an unsafe path, a private address, a page test that acts): it is left out with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from engine.domain.checks import Check, Kind
from engine.domain.paths import is_workflow
from engine.formats.text_encoding import database_safe
from engine.plan import allowed
from engine.plan.json_text import json_object
from engine.plan.page_tests import problem_of
from engine.plan.predicates import IN_BROWSER, AnyPredicate, Links, OnFile, Page
from engine.plan.schema import (
    MOST_DATA,
    MOST_FILES,
    MOST_NOTES,
    MOST_PREDICATES,
    MOST_TESTS,
    CheckReading,
    DataAddress,
    PlannedFile,
    PlannedTest,
    RequestPlan,
)
from engine.plan.wording import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.plan.allowed import PlanRequest

_PREDICATE: TypeAdapter[Any] = TypeAdapter(AnyPredicate)
_MOST_ERRORS = 20
_LISTS = ("files", "absent", "data", "checks", "tests", "notes")

Item = TypeVar("Item", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that was left out, with the reason as the end of a sentence."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanReading:
    """The content of an answer. `plan` is None if it has no plan; `errors` are sentences for the reminder."""

    plan: RequestPlan | None
    errors: tuple[str, ...] = ()
    refused: tuple[RefusedItem, ...] = ()


def read_plan(text: str, request: PlanRequest) -> PlanReading:
    """Read a model's answer. Raises nothing."""
    try:
        found = json_object(text)
    except ValueError as error:
        return PlanReading(None, (f"{error}.",))
    return read_object(found, request)


def better(first: PlanReading, second: PlanReading) -> PlanReading:
    """Return the second reading if it has a plan with no more errors than the first, else the first."""
    if second.plan is None or (first.plan and len(second.errors) > len(first.errors)):
        return first
    return second


def read_object(found: Mapping[str, Any], request: PlanRequest) -> PlanReading:
    """Read a plan from parsed JSON, such as a plan that an operator edited."""
    reader = _PlanReader(request)
    try:
        found = database_safe(found)
    except RecursionError:
        return PlanReading(None, ("the plan is nested too deeply.",))
    for name in _LISTS:
        if not isinstance(found.get(name, []), list):
            reader.errors.append(f"{name} is not a list.")
            found = {**found, name: []}
    if not found.get("files") and not found.get("checks"):
        reader.errors.append("files is missing or empty.")
        return PlanReading(None, tuple(reader.errors), tuple(reader.refused))
    return PlanReading(reader.plan(found), tuple(reader.errors[:_MOST_ERRORS]), tuple(reader.refused))


@dataclass(slots=True)
class _PlanReader:
    request: PlanRequest
    errors: list[str] = field(default_factory=list)
    refused: list[RefusedItem] = field(default_factory=list)
    tests: list[PlannedTest] = field(default_factory=list)  # page tests among the predicates of files

    def plan(self, found: Mapping[str, Any]) -> RequestPlan:
        files = self._files(found.get("files", []))
        tests = [*self._tests(found.get("tests", [])), *self.tests]
        return RequestPlan(
            files=tuple(files),
            absent=tuple(self._absent(found.get("absent", []), files)),
            data=tuple(self._data(found.get("data", []))),
            pages=self._pages(found.get("pages"), files),
            checks=tuple(self._checks(found.get("checks", []))),
            tests=tuple(self._bounded("tests", tests, MOST_TESTS)),
            notes=tuple(" ".join(str(note).split())[:1_000] for note in found.get("notes", [])[:MOST_NOTES]),
        )

    def _files(self, raw: list[Any]) -> list[PlannedFile]:
        files: dict[str, PlannedFile] = {}
        for at, item in enumerate(self._bounded("files", raw, MOST_FILES)):
            planned = self._item(f"files[{at}]", item, PlannedFile)
            if planned is None:
                continue
            permitted = allowed.file(planned, self.request, files)
            self._refuse(planned.path, permitted.reason)
            if permitted.value is not None:
                files[permitted.value.path] = self._with_own_predicates(permitted.value)
        return [*files.values(), *allowed.always(self.request, files)]

    def _with_own_predicates(self, planned: PlannedFile) -> PlannedFile:
        """Give a file's predicates its path. Predicates for the browser become tests of the plan."""
        own, in_browser = list[Any](), list[Any]()
        for predicate in planned.predicates:
            if isinstance(predicate, IN_BROWSER):
                in_browser.append(predicate)
            elif isinstance(predicate, OnFile) and not predicate.path:
                own.append(predicate.model_copy(update={"path": planned.path}))
            else:
                own.append(predicate)
        self.tests += [
            PlannedTest(says=in_words(predicate)[:1_000], predicates=[predicate]) for predicate in in_browser
        ]
        return planned.model_copy(update={"predicates": own})

    def _absent(self, raw: list[Any], files: Sequence[PlannedFile]) -> Iterator[str]:
        for path in self._bounded("absent", raw, MOST_FILES):
            permitted = allowed.absent(str(path), files)
            self._refuse(f"absent {path}", permitted.reason)
            if permitted.value is not None:
                yield permitted.value

    def _data(self, raw: list[Any]) -> Iterator[DataAddress]:
        urls = set[str]()
        for at, item in enumerate(self._bounded("data", raw, MOST_DATA)):
            address = self._item(f"data[{at}]", item, DataAddress)
            if address is None:
                continue
            permitted = allowed.address(address, self.request)
            self._refuse(address.url, permitted.reason)
            if permitted.value is not None and permitted.value.url not in urls:
                urls.add(permitted.value.url)
                yield permitted.value

    def _pages(self, raw: object, files: Sequence[PlannedFile]) -> Any:
        if raw not in (None, "branch", "workflow"):
            self.errors.append('pages is neither "branch" nor "workflow".')
        if raw == "workflow" and not any(map(is_workflow, {*(file.path for file in files), *self.request.present})):
            self._refuse("pages: workflow", "the plan has no workflow file")
            return "branch"
        return "workflow" if raw == "workflow" else "branch"

    def _checks(self, raw: list[Any]) -> Iterator[CheckReading]:
        numbers = set[int]()
        for at, item in enumerate(raw[: len(self.request.checks) * 2 + 10]):
            reading = self._item(f"checks[{at}]", item, CheckReading)
            if reading is None:
                continue
            if why := self._no_sentence(reading.number, numbers):
                self._refuse(f"check {reading.number}", why)
                continue
            numbers.add(reading.number)
            if not reading.predicates and not reading.why_not:
                reading = reading.model_copy(update={"why_not": "the plan names nothing that decides it"})
            yield reading

    def _no_sentence(self, number: int, earlier_numbers: set[int]) -> str:
        if number > len(self.request.checks):
            return "there is no check with this number"
        check: Check = self.request.checks[number - 1]
        if check.kind is Kind.JS:
            return "it is an expression, which is run as it is"
        return "it is decided twice; the first counts" if number in earlier_numbers else ""

    def _tests(self, raw: list[Any]) -> Iterator[PlannedTest]:
        for at, item in enumerate(raw[: MOST_TESTS * 4]):
            test = self._item(f"tests[{at}]", item, PlannedTest)
            if test is not None:
                yield test

    def _item(self, where: str, raw: object, model: type[Item]) -> Item | None:
        """Read one item without its unusable predicates. A test without a usable predicate is left out."""
        plain = raw
        if isinstance(raw, dict) and isinstance(raw.get("predicates"), list):
            valid = [
                predicate
                for at, item in enumerate(raw["predicates"][:MOST_PREDICATES])
                for predicate in self._predicate(f"{where}.predicates[{at}]", item, model)
            ]
            if not valid and raw["predicates"] and model is PlannedTest:
                return None
            plain = {**raw, "predicates": valid}
        try:
            return model.model_validate(plain)
        except ValidationError as error:
            self._note(where, error)
            return None

    def _predicate(self, where: str, raw: object, owner: type[BaseModel]) -> Iterator[Any]:
        try:
            predicate = _PREDICATE.validate_python(raw)
        except (ValidationError, ValueError, RecursionError) as error:
            self._note(where, error)
            return
        if isinstance(predicate, Page) and (why := problem_of(predicate)):
            self._refuse(f"{where} {predicate.expression[:80]}", why)
        elif not isinstance(predicate, OnFile) or predicate.path or owner is PlannedFile:
            yield predicate
        elif isinstance(predicate, Links):
            yield predicate.model_copy(update={"path": "index.html"})
        else:
            self.errors.append(f"{where}: path is missing.")

    def _note(self, where: str, error: Exception) -> None:
        """Record pydantic's errors about an item, at most three."""
        if not isinstance(error, ValidationError):
            self.errors.append(f"{where}: {error}.")
            return
        for detail in error.errors(include_url=False, include_input=False, include_context=False)[:3]:
            place = ".".join(str(part) for part in detail["loc"])
            self.errors.append(f"{where}{f'.{place}' if place else ''}: {detail['msg']}.")

    def _bounded(self, name: str, items: Sequence[Any], most: int) -> Sequence[Any]:
        if len(items) > most:
            self._refuse(name, f"{len(items) - most} of {len(items)} are left out: at most {most} are taken")
        return items[:most]

    def _refuse(self, item: str, reason: str) -> None:
        if reason:
            self.refused.append(RefusedItem(" ".join(item.split())[:200], reason[:300]))
