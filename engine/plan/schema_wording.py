"""Writes JSON Schemas in words, in the notation of briefs: `{city: string, lat: number from -90 to 90}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 400
_DEEPEST = 12
_MOST_ENTRIES = 40
_MOST_PARTS = 2_000  # more than fit into 400 characters
_ANY = "any value"
_COUNTED = frozenset({"object", "string", "number", "integer", "boolean", "array"})
_JOINTS = {"anyOf": " or ", "oneOf": " or ", "allOf": " and "}
_IMPLIED = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "minimum": "number",
    "maximum": "number",
    "pattern": "string",
    "minLength": "string",
}
_LIMITS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def schema_in_words(schema: Mapping[str, Any]) -> str:
    """Describe the documents that a JSON Schema allows, in at most _LONGEST characters."""
    text = _Renderer(schema).value(schema, 0)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def range_in_words(low: int, high: int | None) -> str:
    """Return the bounds of a number, which the name of the counted things follows."""
    if high is None:
        return f"at least {low}" if low else "any number of"
    if low == high:
        return f"exactly {low}"
    return f"{low} to {high}" if low else f"at most {high}"


class _Renderer:
    """Renders the parts of one schema. It renders an invalid part as any value."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._in_reference = False
        self._left = _MOST_PARTS

    def value(self, schema: Any, depth: int) -> str:
        self._left -= 1
        if not isinstance(schema, dict) or depth > _DEEPEST or self._left < 0:
            return "nothing" if schema is False else _ANY
        if isinstance(schema.get("$ref"), str):
            return self._reference(schema["$ref"], depth)
        if "const" in schema:
            return _literal(schema["const"])
        if options := _list(schema, "enum"):
            return " or ".join(map(_literal, options))
        own = " or ".join(filter(None, (self._typed(kind, schema, depth) for kind in _kinds(schema))))
        joined = [
            joint.join(dict.fromkeys(self.value(part, depth + 1) for part in _list(schema, name)))
            for name, joint in _JOINTS.items()
        ]
        return " and ".join(filter(None, [own, *joined])) or _ANY

    def _reference(self, address: str, depth: int) -> str:
        """Render a reference's target, or only its name inside of another reference, since they may be circular."""
        target: Any = self._root
        for key in address.split("/")[1:]:
            target = target.get(key) if isinstance(target, dict) else None
        if self._in_reference or target is None or not address.startswith("#/"):
            return address.rpartition("/")[2].strip("#") or "the same form again"
        self._in_reference = True
        text = self.value(target, depth + 1)
        self._in_reference = False
        return text

    def _typed(self, kind: object, schema: Mapping[str, Any], depth: int) -> str:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return f"string{_string_limits(schema)}"
            case "number" | "integer":
                return f"{kind}{_number_limits(schema)}"
            case _:
                return str(kind)

    def _object(self, schema: Mapping[str, Any], depth: int) -> str:
        required = [name for name in _list(schema, "required") if isinstance(name, str)]
        given = schema.get("properties")
        fields = given if isinstance(given, dict) else {}
        # Sorted, because a database does not keep the schema's own order and the words must stay the same.
        names = dict.fromkeys([*required, *sorted(map(str, fields))])
        phrases = [
            self._field(f"{name}{'' if name in required else '?'}", fields.get(name, True), depth)
            for name in list(names)[:_MOST_ENTRIES]
        ]
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            phrases.append(self._field("any other name" if phrases else "any name", more, depth))
        closed = " and no other field" if more is False else ""
        return f"{{{', '.join(phrases)}}}{closed}" if phrases else f"object{closed}"

    def _field(self, name: str, schema: Any, depth: int) -> str:
        value_words = self.value(schema, depth + 1)
        return name if value_words == _ANY else f"{name}: {value_words}"

    def _array(self, schema: Mapping[str, Any], depth: int) -> str:
        if entries := _list(schema, "prefixItems"):
            return f"[{', '.join(self.value(entry, depth + 1) for entry in entries)}]"
        low, high = _count(schema, "minItems") or 0, _count(schema, "maxItems")
        if not schema.keys() & {"items", "minItems", "maxItems", "uniqueItems"}:
            return "array"
        number = f"{range_in_words(low, high)} " if low or high is not None else ""
        different = "different " if schema.get("uniqueItems") is True else ""
        item = self.value(schema.get("items", True), depth + 1)
        one = 1 in {low, high} and high in {1, None}
        return f"array of {number}{different}{item if one or item not in {_ANY, *_COUNTED} else f'{item}s'}"


def _kinds(schema: Mapping[str, Any]) -> list[object]:
    """Return a schema's types, else the type that its keywords imply, else ""."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return kinds
    if kinds is not None:
        return [kinds]
    return [next((kind for name, kind in _IMPLIED.items() if name in schema), "")]


def _list(schema: Mapping[str, Any], name: str) -> list[Any]:
    value = schema.get(name)
    return value[:_MOST_ENTRIES] if isinstance(value, list) else []


def _count(schema: Mapping[str, Any], name: str) -> int | None:
    value = schema.get(name)
    return value if isinstance(value, int) else None


def _string_limits(schema: Mapping[str, Any]) -> str:
    low, high = _count(schema, "minLength") or 0, _count(schema, "maxLength")
    phrases = (
        [f"of {range_in_words(low, high)} characters"] if low > 1 or high is not None else ["not empty"] * bool(low)
    )
    phrases += [f"{words} {schema[name]}" for name, words in (("pattern", "like"), ("format", "as")) if name in schema]
    return f" ({', '.join(phrases)})" if phrases else ""


def _number_limits(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    limits = [f"{words} {schema[name]}" for name, words in _LIMITS.items() if name in schema]
    return f" {' and '.join(limits)}" if limits else ""


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
