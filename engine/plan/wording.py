"""Writes predicates in plain English, for prompts, for operators and beside verdicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.plan.predicates import (
    Absent,
    Contains,
    CsvColumns,
    CsvEquals,
    DiffersFromAttachment,
    EqualsAttachment,
    Exists,
    Headings,
    JsonSchema,
    JsonValue,
    Lacks,
    LicenceMit,
    Lines,
    Links,
    OpensWithoutErrors,
    Page,
    ReadmeSections,
    Served,
    Svg,
    Words,
    WorkflowSucceeded,
    Xml,
    path_of,
)
from engine.plan.schema_wording import range_in_words, schema_in_words
from engine.site.readme import README_PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.plan.predicates import AnyPredicate, PageStep

    OnText = Contains | Lacks | Words | Lines | Headings | ReadmeSections | LicenceMit | Links
    OnData = JsonSchema | JsonValue | CsvColumns | CsvEquals | Xml | Svg
    OnTree = Exists | Absent | EqualsAttachment | DiffersFromAttachment | Served
    OnPage = Page | OpensWithoutErrors | WorkflowSucceeded

_LONGEST_TEXT = 300
_COMPARED = {
    "equals": "that is",
    "differs": "that is not",
    "less": "less than",
    "at_most": "of at most",
    "greater": "greater than",
    "at_least": "of at least",
    "contains": "that contains",
}


def in_words(predicate: AnyPredicate) -> str:
    """Return a predicate as a sentence without its full stop."""
    path = path_of(predicate)
    return f"{path} {rule_in_words(predicate)}" if path else rule_in_words(predicate)


def rule_in_words(predicate: AnyPredicate) -> str:
    """Return a predicate without its file's name: "has 300 to 400 words". One about the page is a whole sentence."""
    match predicate:
        case Page() | OpensWithoutErrors() | WorkflowSucceeded():
            return _on_page(predicate)
        case Exists() | Absent() | EqualsAttachment() | DiffersFromAttachment() | Served():
            return _on_tree(predicate)
        case JsonSchema() | JsonValue() | CsvColumns() | CsvEquals() | Xml() | Svg():
            return _on_data(predicate)
        case _:
            return _on_text(predicate)


def _on_page(predicate: OnPage) -> str:
    match predicate:
        case WorkflowSucceeded():
            return "the workflow run of the published commit succeeded"
        case OpensWithoutErrors():
            return "the page opens without an error in the browser's console"
        case Page(steps=[]):
            return f"on the page as it opens: {predicate.expression} is true"
        case Page():
            return f"after {_listed([_step(step) for step in predicate.steps])}: {predicate.expression} is true"


def _step(step: PageStep) -> str:
    match step.do:
        case "fill":
            return f"filling {step.selector} with {_quoted(step.value)}"
        case "select":
            return f"selecting {_quoted(step.value)} in {step.selector}"
        case "click":
            return f"clicking {step.selector}"
        case "press":
            return f"pressing {step.value}{f' in {step.selector}' if step.selector else ''}"
        case "wait":
            return f"waiting {step.value or 0} ms"
        case "reload":
            return "reloading the page"
        case "open":
            return f"opening the page with {step.value}"


def _on_tree(predicate: OnTree) -> str:
    match predicate:
        case Exists():
            return "is there and is not empty"
        case Absent():
            return "is not in the repository"
        case Served():
            return "is served by the published site"
        case EqualsAttachment():
            return f"is {_attachment(predicate)}, byte for byte"
        case DiffersFromAttachment():
            return f"is not {_attachment(predicate)} as it came: it was changed"


def _attachment(predicate: EqualsAttachment | DiffersFromAttachment) -> str:
    return f"the attachment {predicate.attachment}" if predicate.attachment else "the attachment of its name"


def _on_data(predicate: OnData) -> str:
    match predicate:
        case JsonSchema():
            return _json_form(predicate)
        case JsonValue():
            return _json_value(predicate)
        case CsvColumns():
            return f"is CSV with exactly the columns {', '.join(predicate.columns)}, in this order"
        case CsvEquals():
            sheet = f"the sheet {_quoted(predicate.sheet)}" if predicate.sheet else "the first sheet"
            return f"holds the rows of {sheet} of {predicate.workbook} as CSV"
        case Xml():
            return _xml(predicate)
        case Svg():
            return "is an SVG image that draws something"


def _json_form(predicate: JsonSchema) -> str:
    if not predicate.definition:
        return "is valid JSON"
    form = schema_in_words(predicate.definition)
    return f"is JSON of the form {form}" if form.startswith("{") else f"is JSON: {form}"


def _json_value(predicate: JsonValue) -> str:
    place = f"holds at {predicate.pointer}" if predicate.pointer else "holds at its top"
    compared = _COMPARED[predicate.compare]
    if predicate.other:
        return f"{place} a value {compared} the value at {predicate.other}"
    wanted = _quoted(predicate.value) if isinstance(predicate.value, str) else json.dumps(predicate.value)
    return f"{place} {wanted}" if predicate.compare == "equals" else f"{place} a value {compared} {wanted}"


def _xml(predicate: Xml) -> str:
    root = f" whose root is <{predicate.root}>" if predicate.root else ""
    counts = [f"{_amount(count.min, count.max, f'<{count.element}> element')}" for count in predicate.counts]
    return f"is well-formed XML{root}{f' with {_listed(counts)}' if counts else ''}"


def _on_text(predicate: OnText) -> str:
    match predicate:
        case Contains() | Lacks():
            verb = "contains" if isinstance(predicate, Contains) else "does not contain"
            texts = _listed([_quoted(text) for text in predicate.texts], "and" if verb == "contains" else "or")
            return f"{verb} {texts}{', in capitals or not' if predicate.ignore_case else ''}"
        case Words() | Lines():
            noun = "word" if isinstance(predicate, Words) else "line"
            return f"has {_amount(predicate.min, predicate.max, noun)}"
        case Headings():
            return _headings(predicate)
        case ReadmeSections():
            return f"has a section with text on each of {_listed(predicate.names or list(README_PARTS))}"
        case LicenceMit():
            return "holds the text of the MIT licence"
        case Links():
            return f"links {_listed(predicate.to)}"


def _headings(predicate: Headings) -> str:
    named = (
        f"the heading{'s' if len(predicate.names) > 1 else ''} {_listed([_quoted(name) for name in predicate.names])}"
        if predicate.names
        else ""
    )
    counted = _amount(predicate.min, predicate.max, "heading") if predicate.min or predicate.max is not None else ""
    return f"has {' and '.join(filter(None, [named, counted])) or 'any number of headings'}"


def _amount(low: int, high: int | None, noun: str) -> str:
    last = low if high is None else high
    return f"{range_in_words(low, high)} {noun}{'' if last == 1 else 's'}"


def _listed(texts: Sequence[str], joint: str = "and") -> str:
    return f" {joint} ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _quoted(text: str) -> str:
    return repr(text) if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]!r} …"
