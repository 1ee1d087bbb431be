"""The predicates: the closed set of statements about a repository and its page that code can decide.

A predicate's docstring is its description in the plan's schema and in the console. `engine.plan.deciding` decides the
predicates about files, the check browser those about the page, and the step deploy those about the published site.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

LONGEST_TEXT = 2_000
LONGEST_EXPRESSION = 1_000
LARGEST_SCHEMA = 20_000
MOST_ENTRIES = 60
MOST_STEPS = 10


def _as_object(value: object) -> object:
    """Parse an object that a model wrote as JSON in a string."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None


def _of_bounded_size(schema: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(json.dumps(schema))
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None
    if size > LARGEST_SCHEMA:
        raise ValueError(f"It has more than {LARGEST_SCHEMA} characters.")
    return schema


def _as_text(value: object) -> object:
    """Convert a number to text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_list(value: object) -> object:
    """Convert a single text to a list."""
    return [value] if isinstance(value, str) else value


Path = Annotated[str, Field(max_length=255)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[list[Text], BeforeValidator(_as_list), Field(min_length=1, max_length=MOST_ENTRIES)]
Names = Annotated[list[Name], BeforeValidator(_as_list), Field(max_length=MOST_ENTRIES)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class PlanPart(BaseModel):
    """An immutable part of a plan. Parsing ignores unknown fields and replaces null by the default."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        return {name: item for name, item in value.items() if item is not None} if isinstance(value, dict) else value


class Predicate(PlanPart):
    """A statement that code can decide."""


class OnFile(Predicate):
    """A predicate about one file of the repository. The predicates of a planned file may omit `path`."""

    path: Path = ""


class Exists(OnFile):
    """The file is in the repository and is not empty. A path that ends in `/` means any file below it."""

    kind: Literal["exists"] = "exists"


class Absent(OnFile):
    """The file is not in the repository. A path that ends in `/` means every file below it."""

    kind: Literal["absent"] = "absent"


class EqualsAttachment(OnFile):
    """The file holds the same bytes as an attachment: the one named, by default the one of the file's own name."""

    kind: Literal["equals_attachment"] = "equals_attachment"
    attachment: Path = ""


class DiffersFromAttachment(OnFile):
    """The file is there and is not the attachment as it came: it was changed, and not only in line ends."""

    kind: Literal["differs_from_attachment"] = "differs_from_attachment"
    attachment: Path = ""


class Contains(OnFile):
    """The file's text, as it is written, holds each of the texts, letter for letter; any white space counts as one
    blank.
    """

    kind: Literal["contains"] = "contains"
    texts: Texts
    ignore_case: bool = False


class Lacks(OnFile):
    """The file's text, as it is written, holds none of the texts, not even inside of a longer word."""

    kind: Literal["lacks"] = "lacks"
    texts: Texts
    ignore_case: bool = False


class Words(OnFile):
    """The text or Markdown file has from min to max words; max null: no upper bound. What a page shows is for
    `page`.
    """

    kind: Literal["words"] = "words"
    min: Count = 0
    max: Count | None = None


class Lines(OnFile):
    """The text or Markdown file has from min to max lines that are not blank; max null: no upper bound."""

    kind: Literal["lines"] = "lines"
    min: Count = 0
    max: Count | None = None


class Headings(OnFile):
    """The Markdown file has these headings, in any order, and from min to max headings in all; capitals do not
    matter.
    """

    kind: Literal["headings"] = "headings"
    names: Names = []
    min: Count = 0
    max: Count | None = None


class JsonSchema(OnFile):
    """The file is JSON that is valid by this JSON Schema (draft 2020-12); {} means any JSON.

    Further fields are allowed unless the schema forbids them. `format` is not checked; `pattern` knows no look-around.
    """

    kind: Literal["json_schema"] = "json_schema"
    definition: Annotated[dict[str, Any], BeforeValidator(_as_object), AfterValidator(_of_bounded_size)]


class JsonValue(OnFile):
    """The value at the JSON Pointer (`/max/val`, `/0/name`; empty: the whole document) compares with `value`, or with
    the value at the pointer `other`.

    less, at_most, greater and at_least compare numbers, also those written as text, and other texts by their letters;
    equals and differs tell "1" from 1.
    `contains`: a text holds `value`, or a list has it as an item.
    """

    kind: Literal["json_value"] = "json_value"
    pointer: Annotated[str, Field(max_length=300)]
    compare: Literal["equals", "differs", "less", "at_most", "greater", "at_least", "contains"] = "equals"
    value: str | float | int | bool | None = None
    other: Annotated[str, Field(max_length=300)] | None = None


class CsvColumns(OnFile):
    """The first row of the CSV file names exactly these columns, in this order."""

    kind: Literal["csv_columns"] = "csv_columns"
    columns: Annotated[Names, Field(min_length=1)]


class CsvEquals(OnFile):
    """The CSV file holds the rows of a sheet of an attached workbook, by default its first sheet, value by value."""

    kind: Literal["csv_equals"] = "csv_equals"
    workbook: Path
    sheet: Annotated[str, Field(max_length=200)] = ""


class ElementCount(PlanPart):
    """An element, by its name without a prefix, occurs from min to max times; max null: no upper bound."""

    element: Name
    min: Count = 0
    max: Count | None = None


class Xml(OnFile):
    """The file is well-formed XML, with this root element and these numbers of elements where they are given."""

    kind: Literal["xml"] = "xml"
    root: Annotated[str, Field(max_length=100)] = ""
    counts: Annotated[list[ElementCount], Field(max_length=MOST_ENTRIES)] = []


class Svg(OnFile):
    """The file is an SVG image that draws something."""

    kind: Literal["svg"] = "svg"


class Links(OnFile):
    """The page (by default index.html) or Markdown file links or loads each of these: paths in the repository, or whole
    addresses.
    """

    kind: Literal["links"] = "links"
    to: Texts


class LicenceMit(Predicate):
    """LICENSE holds the text of the MIT licence."""

    kind: Literal["licence_mit"] = "licence_mit"


class ReadmeSections(Predicate):
    """README.md has a heading with the words of each of these names, and text below it; none named: summary, setup,
    usage, code explanation, licence.
    """

    kind: Literal["readme_sections"] = "readme_sections"
    names: Names = []


class PageStep(PlanPart):
    """One use of the page: `selector` is CSS; `value` is what is filled, selected, pressed, waited (milliseconds) or
    opened (`?query` or `#fragment`).
    """

    do: Literal["fill", "select", "click", "press", "wait", "reload", "open"]
    selector: Annotated[str, Field(max_length=200)] = ""
    value: Annotated[str, BeforeValidator(_as_text), Field(max_length=300)] = ""


class Page(Predicate):
    """On a freshly opened page, after the steps, the JavaScript expression is true."""

    kind: Literal["page"] = "page"
    steps: Annotated[list[PageStep], Field(max_length=MOST_STEPS)] = []
    expression: Annotated[str, Field(min_length=1, max_length=LONGEST_EXPRESSION)]


class OpensWithoutErrors(Predicate):
    """The page opens without an error in the browser's console."""

    kind: Literal["opens_without_errors"] = "opens_without_errors"


class Served(OnFile):
    """The published site serves this path."""

    kind: Literal["served"] = "served"


class WorkflowSucceeded(Predicate):
    """The workflow run of the published commit succeeded."""

    kind: Literal["workflow_succeeded"] = "workflow_succeeded"


AnyPredicate = Annotated[
    Exists
    | Absent
    | EqualsAttachment
    | DiffersFromAttachment
    | Contains
    | Lacks
    | Words
    | Lines
    | Headings
    | JsonSchema
    | JsonValue
    | CsvColumns
    | CsvEquals
    | Xml
    | Svg
    | Links
    | LicenceMit
    | ReadmeSections
    | Page
    | OpensWithoutErrors
    | Served
    | WorkflowSucceeded,
    Field(discriminator="kind"),
]

#: The check browser decides these. Served and WorkflowSucceeded depend on the published site, all others on files.
IN_BROWSER = (Page, OpensWithoutErrors)


def path_of(predicate: AnyPredicate) -> str:
    """Return the path of the predicate's file, "" if it is about the page or names no file."""
    match predicate:
        case LicenceMit():
            return "LICENSE"
        case ReadmeSections():
            return "README.md"
        case Links():
            return predicate.path.removeprefix("./") or "index.html"
        case OnFile():
            return predicate.path.removeprefix("./")
        case _:
            return ""
