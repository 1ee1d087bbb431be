"""Forms of JSON as briefs write them, `{ city, lat: number, tags: [string], … }`, and whether a value has one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 8
_MOST_FIELDS = 60
_MOST_PROBLEMS = 6

_TYPES = {
    "string": "string", "str": "string", "text": "string", "number": "number", "float": "number", "numeric": "number", "double": "number",
    "decimal": "number", "int": "integer", "integer": "integer", "whole number": "integer", "bool": "boolean", "boolean": "boolean",
    "true/false": "boolean", "true|false": "boolean", "true or false": "boolean", "null": "null", "object": "object", "dict": "object",
    "array": "array", "list": "array",
}  # fmt: skip
TYPE_WORDS = "|".join(sorted(map(re.escape, _TYPES), key=len, reverse=True))
_KEY = re.compile(r"""\s*(?:"([^"\n]{1,80})"|'([^'\n]{1,80})'|`([^`\n]{1,80})`|([A-Za-z_$][\w$-]{0,60}))\s*(\??)\s*""")
_DOTS = re.compile(r"\s*(?:…|\.{2,3}|etc\.?)\s*")
_LITERAL = re.compile(r"\s*[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\s*")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value must be: its type, an object's fields, an array's items and how many of them.

    The type "" is any; with `fields` an object that has them, or an array of such.
    """

    kind: str = ""
    fields: tuple[tuple[str, Shape], ...] = ()
    item: Shape | None = None
    least: int | None = None
    most: int | None = None

    def __str__(self) -> str:
        if self.kind in {"", "object"} and self.fields:
            return f"{{{', '.join(name if inner == Shape() else f'{name}: {inner}' for name, inner in self.fields)}}}"
        if self.kind == "array" and (self.item or self.least is not None or self.most is not None):
            return f"an array of {self._number()}{_plural(self.item)}"
        return _an(self.kind) if self.kind in {"object", "array"} else self.kind

    def _number(self) -> str:
        if self.least is not None and self.least == self.most:
            return f"{self.least} "
        return f"at least {self.least} " if self.least else f"at most {self.most} " if self.most is not None else ""


def type_of(words: str) -> str:
    """Return the type that words name, "" where they name none."""
    plain = re.sub(r"^(?:an?|the)\s+", "", " ".join(words.lower().split()).strip(" \"'`."))
    return _TYPES.get(plain, "")


def read_shape(text: str) -> tuple[Shape, int] | None:
    """Return the form that `text` begins with, and where it ends. None where that is no form."""
    try:
        return _Reader(text[:4_000]).value(0, 0)
    except _NotUnderstood:
        return None


def parse_json(content: bytes) -> object:
    """Return the value of a JSON text. Raises ValueError with a sentence."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} (line {error.lineno})") from None
    except UnicodeDecodeError:
        raise ValueError("it is no JSON: it is not UTF-8") from None
    except RecursionError:
        raise ValueError("it is no JSON that can be read: it is nested too deeply") from None


def mismatches(shape: Shape, value: object) -> list[str]:
    """Return in sentences how a value differs from a shape, the first few."""
    return [problem for problem, _ in zip(_differences(shape, value, "it"), range(_MOST_PROBLEMS), strict=False)]


def _refused(constant: str) -> object:
    raise ValueError(f"it is no JSON: {constant} is none of its values")


def _differences(shape: Shape, value: object, where: str) -> Iterator[str]:
    found = _kind(value)
    wanted = shape.kind or ("object" if shape.fields and found not in {"object", "array"} else "")
    if wanted and found != wanted and not (wanted == "number" and found == "integer"):
        yield f"{where} is {_an(found)}, not {_an(wanted)}"
    elif isinstance(value, dict):
        yield from _lacking(shape, value, "" if where == "it" else f"{where}.")
    elif isinstance(value, list):
        if len(value) < (shape.least or 0) or len(value) > (len(value) if shape.most is None else shape.most):
            yield f"{where} has {len(value)} items"
        inner = shape.item or Shape("object" if shape.fields else "", shape.fields)
        for at, entry in enumerate(value if inner != Shape() else []):
            yield from _differences(inner, entry, f"{where}[{at}]" if where != "it" else f"item {at + 1}")


def _lacking(shape: Shape, value: dict[str, object], before: str) -> Iterator[str]:
    for name, inner in shape.fields:
        if name in value:
            yield from _differences(inner, value[name], f"{before}{name}")
        else:
            yield f"{before[:-1] or 'it'} has no {name!r}"


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _an(kind: str) -> str:
    return "null" if kind == "null" else f"{'an' if kind[:1] in 'aoi' else 'a'} {kind}"


def _plural(item: Shape | None) -> str:
    if item is None or not item.kind:
        return "items"
    return str(item) if item.fields or item.item else f"{item.kind}s"


class _NotUnderstood(ValueError):
    pass


class _Reader:
    """Reads a form from left to right; each method returns what it read and where that ends."""

    def __init__(self, text: str) -> None:
        self.text = text

    def value(self, at: int, depth: int) -> tuple[Shape, int]:
        at = self._blank(at)
        if depth > _DEEPEST:
            raise _NotUnderstood
        match self.text[at : at + 1]:
            case "{":
                return self._object(at + 1, depth)
            case "[":
                return self._array(at + 1, depth)
            case _ if depth:
                return self._scalar(at)
            case _:
                raise _NotUnderstood

    def _object(self, at: int, depth: int) -> tuple[Shape, int]:
        fields: list[tuple[str, Shape]] = []
        while len(fields) <= _MOST_FIELDS:
            at = self._blank(at)
            if self.text[at : at + 1] == "}":
                return Shape("object", tuple(fields)), at + 1
            if dots := _DOTS.match(self.text, at):
                at = self._separator(dots.end())
                continue
            key = _KEY.match(self.text, at)
            if key is None:
                break
            at, inner = key.end(), Shape()
            if self.text[at : at + 1] == ":":
                inner, at = self.value(at + 1, depth + 1)
            at = self._separator(at)
            if not key[5]:
                fields.append((next(name for name in key.groups()[:4] if name), inner))
        raise _NotUnderstood

    def _array(self, at: int, depth: int) -> tuple[Shape, int]:
        items: list[Shape] = []
        for _ in range(_MOST_FIELDS):
            at = self._blank(at)
            if self.text[at : at + 1] == "]":
                return Shape("array", item=items[0] if items and items[0] != Shape() else None), at + 1
            if dots := _DOTS.match(self.text, at):
                at = self._separator(dots.end())
                continue
            item, at = self.value(at, depth + 1)
            items.append(item)
            at = self._separator(at)
        raise _NotUnderstood

    def _scalar(self, at: int) -> tuple[Shape, int]:
        """Read a type, an example or a description. An example of text says nothing: it may be a description."""
        end, quote, inside = at, "", 0
        while end < len(self.text):
            sign = self.text[end]
            if quote:
                quote = "" if sign == quote else quote
            elif sign in "\"'`" and not self.text[end - 1 : end].isalnum():
                quote = sign
            elif sign in "([{<":
                inside += 1
            elif sign in ")]}>" and inside:
                inside -= 1
            elif sign in ",;}]\n" and not inside:
                return self._typed(self.text[at:end].strip()), end
            end += 1
        raise _NotUnderstood

    @staticmethod
    def _typed(words: str) -> Shape:
        if words.endswith("[]"):
            kind = type_of(words[:-2])
            return Shape("array", item=Shape(kind) if kind else None)
        if words in {"true", "false"}:
            return Shape("boolean")
        if _LITERAL.fullmatch(words):
            return Shape("number")
        return Shape(type_of(re.sub(r"\([^()]*\)", " ", words)))

    def _separator(self, at: int) -> int:
        at = self._blank(at)
        if self.text[at : at + 1] in {",", ";"}:
            return at + 1
        if self.text[at : at + 1] in {"}", "]"} or "\n" in self.text[max(0, at - 3) : at + 1]:
            return at
        raise _NotUnderstood

    def _blank(self, at: int) -> int:
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        return at
