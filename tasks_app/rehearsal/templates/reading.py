"""Reads templates from YAML, and says everything that is wrong with it at once."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tasks_app.rehearsal.templates.consistency import inconsistencies
from tasks_app.rehearsal.templates.nodes import Document, Mistake, documents, mistakes_as_text
from tasks_app.rehearsal.templates.sentences import sentence_of
from tasks_app.rehearsal.templates.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tasks_app.rehearsal.templates.nodes import Path as NodePath

LARGEST = 2_000_000  # bytes
MOST_TEMPLATES = 500

_ONE_LINE = re.compile(r"( *(?:- +)?)(brief|js)(: +)([^\s\"'|>].*)")
#: What begins no expression, and what no text without quotes may hold.
_SIGNS = tuple("!&*%@`[{")
_INSIDE = re.compile(r": | #\S")


class TemplateError(Exception):
    """Templates that cannot be used. `problems` are all of them, each `source:line:column: what is wrong`."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Found:
    """A template, or None where it is wrong, with its id as it stands in the file."""

    template: Template | None
    id: object
    document: Document
    path: NodePath


def read_templates(text: str, *, source: str) -> tuple[Template, ...]:
    """Return the templates of a file that `source` names. Raises TemplateError."""
    if len(text.encode(errors="surrogatepass")) > LARGEST:
        raise TemplateError((f"{source}:1:1: the file is larger than {LARGEST:,} bytes",))
    read, mistakes = documents(_with_quotes(text.removeprefix("\ufeff")))
    found = [_template(document, path, mistakes) for document in read for path in _paths(document)]
    if not found and not mistakes:
        mistakes.append(Mistake(1, 1, "there is no template in it"))
    if len(found) > MOST_TEMPLATES:
        mistakes.append(Mistake(1, 1, f"there are {len(found)} templates, at most {MOST_TEMPLATES}"))
    mistakes += _repeated_ids(found)
    if mistakes:
        raise TemplateError(tuple(mistakes_as_text(mistakes, source)))
    return tuple(one.template for one in found if one.template)


def _with_quotes(text: str) -> str:
    """Quote the briefs and expressions that YAML cannot read whole without, to the end of their line.

    The course publishes them so: `js: !!document.querySelector("#a")` would be a tag, and ` #total` a comment.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        found = _ONE_LINE.fullmatch(line.rstrip())
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if found and _needs_quotes(found[2], found[4]) and not _goes_on(following, len(found[1])):
            quoted = found[4].replace("'", "''")
            lines[number] = f"{found[1]}{found[2]}{found[3]}'{quoted}'"
    return "\n".join(lines)


def _needs_quotes(key: str, value: str) -> bool:
    if value.startswith(_SIGNS):
        return key == "js"
    return bool(_INSIDE.search(value))


def _goes_on(line: str, column: int) -> bool:
    """Say whether a line belongs to the value of a key in this column, which the line before began."""
    return bool(line.strip()) and len(line) - len(line.lstrip(" ")) > column


def _paths(document: Document) -> list[NodePath]:
    """Return where the templates of a document stand: a list of them, or one."""
    return [(at,) for at in range(len(document.value))] if isinstance(document.value, list) else [()]


def _template(document: Document, path: NodePath, mistakes: list[Mistake]) -> _Found:
    value: Any = document.value
    for step in path:
        value = value[step]
    if not isinstance(value, dict):
        mistakes.append(Mistake(*document.place(path), "a template is a mapping with id, brief, checks and round2"))
        return _Found(None, None, document, path)
    before = len(mistakes)
    template: Template | None
    try:
        template = Template.model_validate(value)
    except ValidationError as error:
        errors = [one for one in error.errors(include_url=False) if one["type"] != "too_short" or not one["input"]]
        mistakes += [sentence_of(one, value, path, document) for one in errors]
        template = _without(value, [tuple(one["loc"]) for one in errors])
    wrong = inconsistencies(template) if template else ()
    mistakes += [Mistake(*document.place(path + place), text) for place, text in wrong]
    return _Found(template if len(mistakes) == before else None, value.get("id"), document, path)


def _without(value: dict[str, Any], wrong: list[NodePath]) -> Template | None:
    """Return a template without its wrong checks, keys and texts, so that the rest of it can be examined; None where
    its attachments or results are wrong."""
    left = copy.deepcopy(value)
    for place in wrong:
        _replace(left, place)
    try:
        return Template.model_validate(left)
    except ValidationError:
        return None


def _replace(part: dict[str, Any], place: NodePath) -> None:
    match place:
        case ("round2", int(at), *rest) if rest and isinstance(part["round2"][at], dict):
            _replace(part["round2"][at], tuple(rest))
        case ("round2", *_):
            part["round2"] = [{"brief": "x", "checks": ["x"]}]
        case ("checks", int(at), *_):
            part["checks"][at] = "x"
        case ("checks",):
            part["checks"] = ["x"]
        case ("id" | "brief" as key,):
            part[key] = "x"
        case (str(key),) if key not in Template.model_fields:
            part.pop(key, None)


def _repeated_ids(found: list[_Found]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for one in found:
        if not isinstance(one.id, str):
            continue
        line, column = one.document.place((*one.path, "id"))
        if one.id in first:
            yield Mistake(line, column, f"the id `{one.id}` is that of the template at line {first[one.id]} too")
        first.setdefault(one.id, line)


def read_templates_at(path: str) -> str:
    """Return the YAML of a file, or of all .yaml and .yml files of a folder. Raises TemplateError, naming each file."""
    place = Path(path)
    files = sorted(one for one in place.iterdir() if one.suffix in {".yaml", ".yml"}) if place.is_dir() else [place]
    if not files:
        raise TemplateError((f"{path}: there is no .yaml file in this folder",))
    problems: list[str] = []
    texts: list[str] = []
    for file in files:
        try:
            texts.append(_decoded(file))
            read_templates(texts[-1], source=str(file))
        except TemplateError as error:
            problems += error.problems
    if problems:
        raise TemplateError(tuple(problems))
    text = texts[0] if len(texts) == 1 else "".join(f"---\n{one.rstrip()}\n" for one in texts)
    read_templates(text, source=path)
    return text


def _decoded(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise TemplateError((f"{file}: {error.strerror or error}",)) from None
    if len(content) > LARGEST:
        raise TemplateError((f"{file}:1:1: the file is larger than {LARGEST:,} bytes",))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise TemplateError((f"{file}:{line}:{column}: the file is not in UTF-8",)) from None
