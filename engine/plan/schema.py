"""The plan as pydantic models, and their JSON Schema for a model server's structured output."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from engine.plan.predicates import AnyPredicate, Path, PlanPart

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_FILES = 60
MOST_DATA = 6
MOST_PREDICATES = 12
MOST_TESTS = 10
MOST_NOTES = 20

Phrase = Annotated[str, Field(max_length=3_000)]
Predicates = Annotated[list[AnyPredicate], Field(max_length=MOST_PREDICATES)]


class FileSource(StrEnum):
    """Where a planned file comes from."""

    WRITE = "write"  # the model writes it
    ATTACHMENT = "attachment"  # the attachment, unchanged
    CHANGED = "changed"  # the model's new version of an attachment or of a file of an earlier round
    CONVERTED = "converted"  # the service makes it from a workbook's sheet
    COMPUTED = "computed"  # tools/build.js computes it; where no browser can run that, the model writes it
    SERVICE = "service"  # the service writes it, such as LICENSE
    WORKFLOW_OUTPUT = "workflow_output"  # a workflow publishes it, and it is never committed


class PlannedFile(PlanPart):
    """A file that the repository must hold. `origin`: the attachment or workbook that it comes from, `sheet` the sheet
    of that workbook.

    `what` says in a phrase what it is, for whoever writes it.
    """

    path: Path
    source: FileSource
    what: Phrase = ""
    origin: Path = ""
    sheet: Annotated[str, Field(max_length=200)] = ""
    predicates: Predicates = []


class DataAddress(PlanPart):
    """An address whose data the page needs, and the name to publish it under; `at_run_time`: the page asks the address
    itself too.
    """

    url: Annotated[str, Field(max_length=2_000)]
    name: Path = ""
    at_run_time: bool = False


class CheckReading(PlanPart):
    """The predicates that decide the check with this number (from 1, as the request shows it); none: `why_not` says why
    nothing can.
    """

    number: Annotated[int, Field(ge=1, le=1_000)]
    predicates: Predicates = []
    why_not: Phrase = ""


class PlannedTest(PlanPart):
    """Something that the brief asks for and no check covers: `says` is the sentence, the predicates decide it."""

    says: Phrase
    predicates: Annotated[Predicates, Field(min_length=1)]


class RequestPlan(PlanPart):
    """The request as a model read it."""

    files: tuple[PlannedFile, ...] = ()
    absent: tuple[Path, ...] = ()
    data: tuple[DataAddress, ...] = ()
    pages: Literal["branch", "workflow"] = "branch"
    checks: tuple[CheckReading, ...] = ()
    tests: tuple[PlannedTest, ...] = ()
    notes: tuple[Phrase, ...] = ()

    def file(self, path: str) -> PlannedFile | None:
        return next((file for file in self.files if file.path == path), None)

    @property
    def forbidden(self) -> tuple[str, ...]:
        """Return the paths that must not be committed, with workflows' outputs. A folder's path ends in `/`."""
        outputs = (file.path for file in self.files if file.source is FileSource.WORKFLOW_OUTPUT)
        return tuple(dict.fromkeys((*self.absent, *outputs)))

    def forbids(self, path: str) -> bool:
        return any(path == each or (each.endswith("/") and path.startswith(each)) for each in self.forbidden)

    def reading(self, position: int) -> CheckReading | None:
        """Return the plan's reading of the request's check at `position`, which counts from 0."""
        return next((check for check in self.checks if check.number == position + 1), None)


#: Keywords that constrained decoding does not know or does not need.
#: https://developers.openai.com/api/docs/guides/structured-outputs
_LEFT_OUT = frozenset(
    {
        "default",
        "title",
        "maxLength",
        "minLength",
        "maxItems",
        "minItems",
        "maximum",
        "minimum",
        "discriminator",
        "description",
    }
)


@cache
def response_schema() -> Mapping[str, object]:
    """Return the plan's JSON Schema in the strict subset of OpenAI's structured outputs: all fields, and only these.

    An object with any fields (a JSON Schema inside the plan) becomes a string that holds JSON.
    """
    schema: Mapping[str, object] = _strict(RequestPlan.model_json_schema())
    return schema


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "object" and "properties" not in node:
        return {"type": "string"}
    strict = {("anyOf" if name == "oneOf" else name): value for name, value in node.items() if name not in _LEFT_OUT}
    if "const" in strict:
        strict = {"type": "string", "enum": [strict["const"]]}
    for name in ("properties", "$defs"):
        if name in strict:
            strict[name] = {key: _strict(value) for key, value in strict[name].items()}
    found = {name: value if name in {"properties", "$defs"} else _strict(value) for name, value in strict.items()}
    if "properties" in found:
        found |= {"required": list(found["properties"]), "additionalProperties": False}
    return found
