"""What a right plan states of a request, as facts that are right or wrong of a plan: a small closed language, checked
as it is read.

A fact says only what a careful reader of the request cannot read otherwise; where a plan can say it in several ways,
the fact names them all.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self, get_args

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from engine.plan.predicates import (
    Absent,
    AnyPredicate,
    JsonSchema,
    Lacks,
    LicenceMit,
    Links,
    OnFile,
    Page,
    ReadmeSections,
    Served,
)
from engine.plan.schema import FileSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.plan.predicates import Predicate
    from engine.plan.schema import RequestPlan

_KINDS = {kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyPredicate)[0])}

#: A file of which one of these holds need not be there.
_WITHOUT_FILE = (Absent, Lacks, Served)


def _listed(value: Any) -> Any:
    """Take one text for a list of one."""
    return [value] if isinstance(value, str) else value


def _as_pattern(value: object) -> object:
    """Take the name of a kind for the pattern of any predicate of that kind."""
    return {"kind": value} if isinstance(value, str) else value


Texts = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]


class Placed(NamedTuple):
    """A predicate of a plan and the file that it is about; "" where it is about none."""

    path: str
    predicate: Predicate


class Form(BaseModel):
    """Every part of a fact: a value, without a field that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pattern(BaseModel):
    """A predicate of a `kind`, as far as its fields are named: of a list what must be in it, of anything else the
    value.

    `mentions`: what a page test's steps or expression must contain. `accepts` and `rejects`: values that the file's
    JSON Schemas, all together, must and must not let pass. A file of which anything else is demanded exists, and a page
    test that mentions addresses is about links to them.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str
    path: str | None = None
    mentions: Texts = []
    accepts: list[Any] = []
    rejects: list[Any] = []

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Self:
        if self.kind not in _KINDS:
            raise ValueError(f"there is no predicate {self.kind!r}")
        own = {"json_schema": {"accepts", "rejects"}, "page": {"mentions"}}.get(self.kind, set())
        if unknown := self.model_fields_set - _KINDS[self.kind].model_fields.keys() - own:
            raise ValueError(f"{self.kind} has no {', '.join(sorted(unknown))}")
        return self

    def holds(self, placed: Sequence[Placed]) -> bool:
        """Say whether one of the predicates is as this says."""
        if self.accepts or self.rejects:
            near = [one.predicate for one in placed if self._is_near(one)]
            return self._let_pass([one for one in near if isinstance(one, JsonSchema)])
        return any(self._matches(one) for one in placed)

    def paths(self) -> set[str]:
        """Return the files that this names."""
        return {one for one in (self.path, self._named.get("workbook"), self._named.get("attachment")) if one}

    @property
    def _named(self) -> dict[str, Any]:
        return self.model_extra or {}

    def _is_near(self, one: Placed) -> bool:
        return self.path is None or one.path == self.path

    def _matches(self, one: Placed) -> bool:
        if self.kind == "links" and isinstance(one.predicate, Page):
            return all(_within(text, one.predicate) for text in _listed(self._named.get("to", [])))
        if not self._is_near(one):
            return False
        if self.kind == "exists":
            return bool(one.path) and not isinstance(one.predicate, _WITHOUT_FILE)
        if not isinstance(one.predicate, _KINDS[self.kind]):
            return False
        return all(_within(text, one.predicate) for text in self.mentions) and all(
            _agrees(field, wanted, getattr(one.predicate, field)) for field, wanted in self._named.items()
        )

    def _let_pass(self, found: Sequence[JsonSchema]) -> bool:
        try:
            good = [_is_valid(found, value) for value in self.accepts]
            bad = [_is_valid(found, value) for value in self.rejects]
        except (SchemaError, Unresolvable, re.error, RecursionError):
            return False
        return bool(found) and all(good) and not any(bad)


class OneOf(Form):
    """One of these holds."""

    one_of: list[AnyPattern] = Field(min_length=2)

    def holds(self, placed: Sequence[Placed]) -> bool:
        """Say whether it does."""
        return any(one.holds(placed) for one in self.one_of)

    def paths(self) -> set[str]:
        """Return the files that these name."""
        return {path for one in self.one_of for path in one.paths()}


class AllOf(Form):
    """Each of these holds."""

    all_of: list[AnyPattern] = Field(min_length=2)

    def holds(self, placed: Sequence[Placed]) -> bool:
        """Say whether it does."""
        return all(one.holds(placed) for one in self.all_of)

    def paths(self) -> set[str]:
        """Return the files that these name."""
        return {path for one in self.all_of for path in one.paths()}


AnyPattern = Annotated[OneOf | AllOf | Pattern, BeforeValidator(_as_pattern)]


class FileFact(Form):
    """The plan names the file with this source, or one of these, and with the origin and sheet that are named."""

    file: str
    source: Annotated[list[FileSource], BeforeValidator(_listed), Field(min_length=1)]
    origin: str = ""
    sheet: str = ""

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        planned = plan.file(self.file)
        if planned is None or planned.source not in self.source:
            return False
        return self.origin in {"", planned.origin} and self.sheet in {"", planned.sheet}


class PredicateFact(Form):
    """The plan states this of the file, below the file or anywhere else."""

    file: str
    predicate: AnyPattern

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        return self.predicate.holds([one for one in _all(plan) if one.path == self.file])


class AbsentFact(Form):
    """The path is not to be committed: it is listed as such, or what a workflow publishes, and nothing else is planned
    of it."""

    absent: str

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        planned = plan.file(self.absent)
        if planned is not None:
            return planned.source is FileSource.WORKFLOW_OUTPUT
        return any(
            self.absent == path or self.absent.startswith(f"{path.rstrip('/')}/") for path in plan.absent if path
        )


class UnplannedFact(Form):
    """The name is no file of the repository, and nothing is planned of it."""

    unplanned: str

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        return plan.file(self.unplanned) is None


class KeptFact(Form):
    """The file of an earlier round stays as it is."""

    kept: str

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        planned = plan.file(self.kept)
        stays = planned is None or planned.source is FileSource.ATTACHMENT
        return stays and self.kept not in plan.absent


class DataFact(Form):
    """The address is fetched, under the name and with the use at run time that are named."""

    data: str
    at_run_time: bool | None = None
    name: str = ""

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        return any(
            one.url == self.data
            and self.at_run_time in {None, one.at_run_time}
            and self.name in {"", one.name.removeprefix("./")}
            for one in plan.data
        )


class NoDataFact(Form):
    """The address is not fetched."""

    no_data: str

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        return all(one.url != self.no_data for one in plan.data)


class PagesFact(Form):
    """How the site is published."""

    pages: Literal["branch", "workflow"]

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        return plan.pages == self.pages


class DecidedByFact(Form):
    """The check with this number, from 1, is decided by this."""

    check: int = Field(ge=1)
    decided_by: AnyPattern

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        reading = plan.reading(self.check - 1)
        return reading is not None and self.decided_by.holds(list(_placed(reading.predicates)))


class DecidedFact(Form):
    """The check with this number, from 1, is decided by something, or by nothing that code can see, which the plan
    says."""

    check: int = Field(ge=1)
    decided: bool

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        reading = plan.reading(self.check - 1)
        return reading is not None and bool(reading.predicates) == self.decided


class PageTestFact(Form):
    """The plan tests what no check covers: one page test mentions all of these and does the named steps."""

    test_mentions: Texts
    steps: Texts = []

    def holds(self, plan: RequestPlan) -> bool:
        """Judge a plan."""
        pattern = Pattern.model_validate({"kind": "page", "mentions": self.test_mentions, "steps": self.steps})
        of_files = [one for file in plan.files for one in _placed(file.predicates)]
        return pattern.holds([*of_files, *(one for test in plan.tests for one in _placed(test.predicates))])


Fact = (
    FileFact
    | PredicateFact
    | AbsentFact
    | UnplannedFact
    | KeptFact
    | DataFact
    | NoDataFact
    | PagesFact
    | DecidedByFact
    | DecidedFact
    | PageTestFact
)


def in_words(fact: Fact) -> str:
    """Return a fact as its request's file has it."""
    return json.dumps(fact.model_dump(mode="json", exclude_unset=True), ensure_ascii=False)


def _all(plan: RequestPlan) -> Iterator[Placed]:
    for file in plan.files:
        yield from _placed(file.predicates, file.path)
    for predicates in (*(one.predicates for one in plan.checks), *(one.predicates for one in plan.tests)):
        yield from _placed(predicates)


def _placed(predicates: Sequence[Predicate], path: str = "") -> Iterator[Placed]:
    """Yield the predicates with their files; `path` is that of those that name none."""
    for one in predicates:
        match one:
            case LicenceMit():
                yield Placed("LICENSE", one)
            case ReadmeSections():
                yield Placed("README.md", one)
            case Links() if not one.path and not path:
                yield Placed("index.html", one)
            case OnFile():
                yield Placed((one.path or path).removeprefix("./"), one)
            case _:
                yield Placed("", one)


def _agrees(field: str, wanted: Any, found: Any) -> bool:
    match field:
        case "texts" | "names" | "to":
            return {_plain(one) for one in _listed(wanted)} <= {_plain(one) for one in found}
        case "columns":
            return [_plain(one) for one in wanted] == [_plain(one) for one in found]
        case "steps":
            return set(_listed(wanted)) <= {step.do for step in found}
        case "counts":
            return all(any(one.items() <= other.model_dump().items() for other in found) for one in wanted)
        case _:
            return isinstance(wanted, bool) == isinstance(found, bool) and bool(wanted == found)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold().removeprefix("./")


def _within(text: str, test: Predicate) -> bool:
    """Say whether a page test's steps or expression hold a text, a word of which does not go on there."""
    if not isinstance(test, Page):
        return False
    whole = "\n".join([test.expression, *(f"{step.selector} {step.value}" for step in test.steps)])
    wanted = _plain(text)
    before = r"(?<![a-z0-9_])" if re.match("[a-z0-9_]", wanted) else ""
    after = r"(?![a-z0-9_])" if re.search("[a-z0-9_]$", wanted) else ""
    return re.search(f"{before}{re.escape(wanted)}{after}", " ".join(whole.split()).casefold()) is not None


def _is_valid(schemas: Sequence[JsonSchema], value: object) -> bool:
    """Say whether a value is valid by all of the schemas; nothing is ever fetched for them."""
    try:
        for one in schemas:
            Draft202012Validator.check_schema(one.definition)
            Draft202012Validator(one.definition, registry=Registry()).validate(value)
    except ValidationError:
        return False
    return True
