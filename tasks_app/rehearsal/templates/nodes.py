"""Reads YAML into values that know their lines, as far as it can be read, and what is wrong with the rest of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Path = tuple[str | int, ...]
Place = tuple[int, int]  # line and column, from 1 on

MOST_NODES = 50_000  # with each alias counted as what it stands for
DEEPEST = 30
MOST_REPAIRS = 20  # each reads a document anew
MOST_READ = 4_000_000  # characters, of documents that are read anew
_ADVICE = (
    "YAML gives a meaning to values that begin with !, `, [, {, &, *, %, @ or a quote, and to `: ` and ` #` in them: "
    "put the value in single quotes, or write it on the next line after |"
)
#: What follows a value on its line, where it was probably meant to be a part of it.
_CUT = re.compile(r"[ \t]+(#[^\s#][^\n]{0,30})")
_COMMENT_ADVICE = (
    "If it is a part of the text, put the text in quotes or write it on the next line after |; "
    "if it is a comment, put a blank after the #"
)
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value")}
_STR, _MAP, _SEQ = (f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq"))
_TEXTS = frozenset({_STR, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"})


@dataclass(frozen=True, order=True, slots=True)
class Mistake:
    """Something wrong in a file of templates."""

    line: int
    column: int
    text: str


@dataclass(slots=True)
class Document:
    """A value of YAML, and where each part and each key of it stands."""

    value: object
    places: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """Return where a part stands, or the nearest one around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path]


class _BoundedLoader(yaml.SafeLoader):
    """Refuses levels that it would take a time to read that grows with their square."""

    def fetch_flow_collection_start(self, token_class: type[yaml.Token]) -> None:
        self._bound(self.flow_level)
        super().fetch_flow_collection_start(token_class)

    def add_indent(self, column: int) -> bool:
        self._bound(len(self.indents))
        return super().add_indent(column)

    def _bound(self, levels: int) -> None:
        if levels > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"more than {DEEPEST} levels", problem_mark=self.get_mark())


class _TooLargeNode(Exception):
    """A document that is too deep, or too large once its aliases are resolved."""


def documents(text: str) -> tuple[list[Document], list[Mistake]]:
    """Return the documents that are not empty."""
    nodes, mistakes = _composed(text.replace("\r\n", "\n").replace("\r", "\n"))
    found: list[Document] = []
    budget = [MOST_NODES]
    for start, node in nodes:
        reader = _NodeReader(Document(None), start, mistakes, budget)
        try:
            reader.document.value = reader.read(node, ())
        except _TooLargeNode:
            mistakes.append(
                Mistake(
                    *_place(node.start_mark, start),
                    f"the file has more than {MOST_NODES:,} values once its aliases (*name) are resolved, or is deeper "
                    f"than {DEEPEST} levels",
                )
            )
            break
        if reader.document.value is not None:
            found.append(reader.document)
    return found, mistakes


@dataclass(slots=True)
class _NodeReader:
    document: Document
    start: int  # the lines before the part of the file that the marks count from
    mistakes: list[Mistake]
    budget: list[int]  # of nodes that may be read yet

    def read(self, node: yaml.Node, path: Path) -> object:
        self.budget[0] -= 1
        if self.budget[0] < 0 or len(path) > DEEPEST:
            raise _TooLargeNode
        self.document.places[path] = _place(node.start_mark, self.start)
        match node:
            case yaml.MappingNode():
                self._expect(node, {_MAP})
                return self._mapping(node, path)
            case yaml.SequenceNode():
                self._expect(node, {_SEQ})
                return [self.read(item, (*path, at)) for at, item in enumerate(node.value)]
            case yaml.ScalarNode():
                return self._scalar(node)
            case _:
                raise TypeError(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        value: dict[str, object] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._mistake(key, "a key must be a text")
                continue
            name = str(key.value)
            if key.tag == "tag:yaml.org,2002:merge":
                self._mistake(key, "merge keys (<<) are not read: write the keys out")
            elif name in value:
                self._mistake(key, f"the key `{name}` stands here twice")
            else:
                self.document.keys[(*path, name)] = _place(key.start_mark, self.start)
                value[name] = self.read(item, (*path, name))
        return value

    def _scalar(self, node: yaml.ScalarNode) -> object:
        if not self._expect(node, _SCALARS):
            return f"{node.tag}{node.value}"
        if node.style is None and (cut := _CUT.match(node.end_mark.buffer or "", node.end_mark.pointer)):
            self._mistake(node, f"`{cut[1]}` is read as a comment, since ` #` begins one. {_COMMENT_ADVICE}")
        if node.tag in _TEXTS:
            return str(node.value)
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (ValueError, OverflowError):
            self._mistake(node, "this number cannot be read")
            return str(node.value)

    def _expect(self, node: yaml.Node, tags: set[str]) -> bool:
        if node.tag not in tags:
            shown = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._mistake(node, f"`{shown}` is a tag of YAML that is not read. {_ADVICE}")
        return node.tag in tags

    def _mistake(self, node: yaml.Node, text: str) -> None:
        self.mistakes.append(Mistake(*_place(node.start_mark, self.start), text))


def _place(mark: yaml.Mark, start: int) -> Place:
    return start + mark.line + 1, mark.column + 1


def _composed(text: str) -> tuple[list[tuple[int, yaml.Node]], list[Mistake]]:
    """Return the nodes of the documents, each with the number of lines before the part that its marks count in.

    A value that YAML misreads is put in quotes, to find what else is wrong.
    """
    try:
        return [(0, node) for node in _compose(text)], []
    except (yaml.YAMLError, RecursionError):
        pass
    lines = text.split("\n")
    starts = [at for at, line in enumerate(lines) if at and line.startswith("---")]
    nodes: list[tuple[int, yaml.Node]] = []
    mistakes: list[Mistake] = []
    repairs = min(MOST_REPAIRS, MOST_READ // (len(text) + 1))
    for start, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        part = lines[start:end]
        found, wrong = _repaired(part, start, repairs)
        repairs -= len(wrong)
        nodes += [(start, node) for node in found]
        mistakes += wrong
    return nodes, mistakes


def _compose(text: str) -> list[yaml.Node]:
    return list(yaml.compose_all(text, _BoundedLoader))


def _repaired(lines: list[str], start: int, repairs: int) -> tuple[list[yaml.Node], list[Mistake]]:
    """Return the nodes of a document that begins at the line `start`, () where they cannot be known."""
    mistakes: dict[int, Mistake] = {}
    while True:
        text = "\n".join(lines)
        try:
            return _compose(text), list(mistakes.values())
        except (yaml.YAMLError, RecursionError) as error:
            mistake = _of_error(error, text, start)
        at = mistake.line - 1 - start
        if mistake.line in mistakes or len(mistakes) >= repairs or not 0 <= at < len(lines):
            return [], list(mistakes.values() or [mistake])
        mistakes[mistake.line] = mistake
        lines[at] = _quoted(lines[at])


def _of_error(error: Exception, text: str, start: int) -> Mistake:
    match error:
        case yaml.MarkedYAMLError(problem_mark=yaml.Mark() as mark):
            line, column = _place(mark, start)
            last = start + text.rstrip("\n").count("\n") + 1
            return Mistake(min(line, last), column, f"not YAML: {error.problem or error.context}. {_ADVICE}")
        case yaml.reader.ReaderError():
            line = start + text.count("\n", 0, error.position) + 1
            column = error.position - text.rfind("\n", 0, error.position)
            return Mistake(line, column, "not YAML: a character that may not stand in it")
        case _:
            return Mistake(start + 1, 1, "not YAML: too many levels")


def _quoted(line: str) -> str:
    """Put the value of `key: value`, `- key: value` or `- value` in quotes."""
    before, colon, value = line.partition(": ")
    if not colon:
        before, colon, value = line.partition("- ")
    return f"{before}{colon}{json.dumps(value.strip(), ensure_ascii=False)}"


def mistakes_as_text(mistakes: Sequence[Mistake], source: str) -> Iterator[str]:
    """Yield `source:line:column: text`, from the top of the file to its end."""
    for mistake in sorted(set(mistakes)):
        yield f"{source}:{mistake.line}:{mistake.column}: {mistake.text}"
