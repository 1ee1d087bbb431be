"""Decides predicates about JSON files: a JSON Schema, and single values by JSON Pointer."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.plan.deciding.evidence import failed, passed, undecided
from engine.plan.deciding.json_schemas import UnusableSchema, problems
from engine.plan.predicates import JsonSchema, JsonValue

if TYPE_CHECKING:
    from engine.plan.deciding.evidence import PredicateFinding

#: Whole numbers with more digits become floating-point numbers or infinity, as in JavaScript.
_MOST_DIGITS = 300
_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,4})?", re.ASCII)
_INDEX = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
_COMPARED = {
    "equals": "equal to",
    "differs": "different from",
    "less": "less than",
    "at_most": "at most",
    "greater": "greater than",
    "at_least": "at least",
}


def decide_json(predicate: JsonSchema | JsonValue, content: bytes) -> PredicateFinding:
    try:
        document = parse_json(content)
        match predicate:
            case JsonSchema():
                return _schema(predicate, document)
            case JsonValue():
                return _value(predicate, document)
    except NotJson as error:
        return failed(str(error))
    except RecursionError:
        return undecided("it is nested too deeply to be looked through")


class NotJson(ValueError):
    """The file is no JSON; the text says why in a sentence."""


def parse_json(content: bytes) -> Any:
    """Parse JSON; whole numbers are int even if they are written as 1.0. Raises NotJson."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse, parse_int=_whole, parse_float=_number)
    except json.JSONDecodeError as error:
        raise NotJson(f"it is no JSON: {error.msg} (line {error.lineno})") from None
    except UnicodeDecodeError:
        raise NotJson("it is no JSON: it is not UTF-8") from None
    except RecursionError:
        raise NotJson("it is no JSON that can be read: it is nested too deeply") from None


def value_at(document: Any, pointer: str) -> Any:
    """Return the value at a JSON Pointer (https://www.rfc-editor.org/rfc/rfc6901). Raises LookupError."""
    value = document
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and _INDEX.fullmatch(name):
            value = value[int(name)]
        elif isinstance(value, dict):
            value = value[name]
        else:
            raise LookupError(pointer)
    return value


def _refuse(constant: str) -> Any:
    raise NotJson(f"it is no JSON: {constant} is none of its values")


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def _schema(predicate: JsonSchema, document: Any) -> PredicateFinding:
    try:
        found = problems(predicate.definition, document)
    except UnusableSchema as error:
        return undecided(f"the schema cannot be used: {error}")
    return failed("; ".join(found)) if found else passed("JSON of that form" if predicate.definition else "JSON")


def _value(predicate: JsonValue, document: Any) -> PredicateFinding:
    for pointer in filter(None, (predicate.pointer, predicate.other)):
        if not re.fullmatch(r"(?:/(?:[^~/]|~[01])*)*", pointer):
            return undecided(f"{pointer!r} is no JSON Pointer")
    try:
        pointer = predicate.pointer
        value = value_at(document, pointer)
        if not predicate.other:
            return _compare(predicate, value, predicate.value, "")
        pointer = predicate.other
        return _compare(predicate, value, value_at(document, pointer), f", the value at {_place(pointer)}")
    except LookupError:
        return failed(f"nothing is at {_place(pointer)}")


def _compare(predicate: JsonValue, value: Any, wanted: Any, whose: str) -> PredicateFinding:
    place = _place(predicate.pointer)
    if predicate.compare == "contains":
        return _contains(place, value, wanted)
    holds = _holds(predicate.compare, value, wanted)
    if holds is None and not predicate.other and _ordered(wanted) is None:
        return undecided(f"nothing can be {_COMPARED[predicate.compare]} {_shown(wanted)}")
    if holds:
        return passed(f"{place} is {_shown(value)}")
    return failed(f"{place} is {_shown(value)}, not {_COMPARED[predicate.compare]} {_shown(wanted)}{whose}")


def _holds(compare: str, value: Any, wanted: Any) -> bool | None:
    """Return the result of a comparison, None if the values have no order."""
    if compare in {"equals", "differs"}:
        return _same(value, wanted) is (compare == "equals")
    left, right = _ordered(value), _ordered(wanted)
    if left is None or right is None:
        return None
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        # At least one value is a text that is no number. Two texts have an order, a text and a number have none.
        if not isinstance(value, str) or not isinstance(wanted, str):
            return None
        order = (value > wanted) - (value < wanted)
    else:
        order = (left > right) - (left < right)
    return {"less": order < 0, "at_most": order <= 0, "greater": order > 0, "at_least": order >= 0}[compare]


def _ordered(value: Any) -> Decimal | str | None:
    """Return the sort key of a value: a number, also from a text with a number, else a text, else None."""
    if isinstance(value, bool) or value != value:
        return None
    if isinstance(value, int | float):
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if isinstance(value, str):
        text = value.strip()
        return Decimal(text) if _NUMBER.fullmatch(text) else value
    return None


def _same(value: Any, wanted: Any) -> bool:
    """Say whether two values are equal: 1 equals 1.0, but neither "1" nor true."""
    return _canonical(value) == _canonical(wanted)


def _canonical(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _contains(place: str, value: Any, wanted: Any) -> PredicateFinding:
    if isinstance(value, list):
        holds = any(_same(item, wanted) for item in value)
    elif isinstance(value, str) and isinstance(wanted, str):
        holds = wanted in value
    else:
        return failed(f"{place} is {_shown(value)}, in which {_shown(wanted)} cannot be")
    sentence = f"{place} {'contains' if holds else 'does not contain'} {_shown(wanted)}"
    return passed(sentence) if holds else failed(sentence)


def _place(pointer: str) -> str:
    return pointer or "the document"


def _shown(value: Any) -> str:
    text = repr(value[:60]) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 70 else f"{text[:60]}…"
