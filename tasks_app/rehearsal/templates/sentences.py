"""Errors of pydantic as sentences about a place in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks_app.rehearsal.criteria import (
    FileCriterion,
    HtmlCriterion,
    JsCriterion,
    RepositoryFile,
    RubricCriterion,
    SentenceCriterion,
    StaticHtml,
)
from tasks_app.rehearsal.templates.columns import SeededColumn
from tasks_app.rehearsal.templates.consistency import suggestion
from tasks_app.rehearsal.templates.documents import MarkdownSpec, ScriptSpec, TextSpec
from tasks_app.rehearsal.templates.nodes import Mistake
from tasks_app.rehearsal.templates.pictures import ImageSpec
from tasks_app.rehearsal.templates.results import ResultRule
from tasks_app.rehearsal.templates.tables import CsvSpec, JsonSpec, SheetSpec, WorkbookSpec
from tasks_app.rehearsal.templates.template import Template, TemplateAttachment, TemplateRound

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from tasks_app.rehearsal.templates.nodes import Document, Path

#: The model of what stands under a key, or is of a kind.
_MODELS: dict[str | int, type[BaseModel]] = {
    "attachments": TemplateAttachment,
    "round2": TemplateRound,
    "result": ResultRule,
    "results": ResultRule,
    "columns": SeededColumn,
    "sheets": SheetSpec,
    "<js>": JsCriterion,
    "<html>": HtmlCriterion,
    "html": StaticHtml,
    "<file>": FileCriterion,
    "file": RepositoryFile,
    "<rubric>": RubricCriterion,
    "<sentence>": SentenceCriterion,
    "csv": CsvSpec,
    "json": JsonSpec,
    "markdown": MarkdownSpec,
    "image": ImageSpec,
    "workbook": WorkbookSpec,
    "text": TextSpec,
    "script": ScriptSpec,
}
_TYPES = {
    "string_type": "a text: put it in quotes if YAML reads something else",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "int_type": "a whole number",
    "bool_type": "true or false",
}
_ID = "letters and digits with single `-` or `_` between them"


def sentence_of(error: ErrorDetails, value: object, path: Path, document: Document) -> Mistake:
    """Return the mistake in a template (`value`, which stands at `path` of a document)."""
    place = _in_file(error["loc"], value)
    if error["type"] == "extra_forbidden":
        known = _known_keys(error["loc"])
        line, column = document.keys.get(path + place, document.place(path + place))
        return Mistake(line, column, f"{_name(place[:-1])}unknown key `{place[-1]}`{suggestion(str(place[-1]), known)}")
    if error["type"] == "missing":
        key = error["loc"][-1]
        if isinstance(key, int):
            return Mistake(*document.place(path + place), f"{_name(place)}must have more than {key} values")
        return Mistake(*document.place(path + place), f"{_name(place)}the key `{key}` is missing")
    return Mistake(*document.place(path + place), f"{_name(place)}{_said(error, place)}")


def _in_file(location: tuple[int | str, ...], value: Any) -> Path:
    """Return the part of a location that stands in the file: pydantic puts the names of kinds in between."""
    place: list[int | str] = []
    for step in location:
        known = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        if step in known:
            place.append(step)
            value = value[step]
    return tuple(place)


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    model = next((_MODELS[step] for step in reversed(location[:-1]) if step in _MODELS), Template)
    return [field.alias or name for name, field in model.model_fields.items()]


def _name(place: Path) -> str:
    """Return how a part is called, such as `round2[0].checks[1]: `."""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return f"{name.removeprefix('.')}: " if name else ""


def _said(error: ErrorDetails, place: Path) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "literal_error":
            return f"must be {context['expected']}{_close(error['input'], context['expected'])}"
        case "union_tag_invalid":
            expected = context["expected_tags"]
            return f"the kind `{context['tag']}` is none of {expected}{_close(context['tag'], expected)}"
        case "union_tag_not_found":
            return "the key `kind` is missing"
        case "string_pattern_mismatch" if place == ("id",):
            return f"an id is {_ID}"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "string_pattern_mismatch" if place[-1:] == ("brief",):
            return "must not be empty"
        case kind if kind in _TYPES:
            return f"must be {_TYPES[kind]}"
        case _:
            return error["msg"][:1].lower() + error["msg"][1:]


def _close(given: object, expected: str) -> str:
    words = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
    close = suggestion(str(given), words)
    return close if "did you mean" in close else ""
