"""Validates a document by a JSON Schema that a model wrote, with bounded work and without fetching anything.

A schema can cause endless work by references that double at each level, by regular expressions that backtrack, and by
messages that repeat a large document. So we count the work of each keyword, and match patterns in linear time with the
regular expressions of pydantic-core.
"""

from __future__ import annotations

import json
import re
from decimal import Context, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import SchemaError, ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema
from referencing import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Keyword = Callable[[Any, Any, Any, Mapping[str, Any]], Iterator[Any] | None]

MOST_PROBLEMS = 6
_LONGEST_PROBLEM = 160
#: Units of about a microsecond, enough for a file of 5 MB with a usual schema.
_MOST_WORK = 4_000_000
_MOST_PATTERNS = 30
_LONGEST_PATTERN = 200
_MOST_REPEATS = 2_000
_REPEAT = re.compile(r"([)}+*?]?)\{(\d{1,6})(?:,(\d{0,6}))?\}", re.ASCII)
#: JSON Schema has no flags. The flag `x` allows spaces in a pattern, which would hide repeats from `_REPEAT`.
_FLAGS = re.compile(r"\(\?[A-Za-z-]+[:)]")
#: Digits for the quotient of any two numbers in a document.
_EXACT = Context(prec=700)
_REFUSED = ("unevaluatedItems", "unevaluatedProperties", "$dynamicRef")
_ONE_SCHEMA = frozenset({"items", "contains", "not", "if", "then", "else", "propertyNames"})
_LIST_OF_SCHEMAS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAP_OF_SCHEMAS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
#: Keywords that visit each item or field.
_WALKING = frozenset({"contains", "items", "prefixItems", "propertyNames", "additionalProperties", "uniqueItems"})


class UnusableSchema(ValueError):
    """The schema cannot be used; the text says why."""


class _TooMuch(Exception):
    pass


def problems(schema: Mapping[str, Any], document: Any) -> list[str]:
    """Return the first MOST_PROBLEMS errors of a document as sentences with JSON paths. Raises UnusableSchema."""
    found: list[str] = []
    try:
        prepared = _prepared(_plain(schema))
        Draft202012Validator.check_schema(prepared, format_checker=None)
        validator = _bounded_class(_Work())(prepared, registry=Registry())
        for error in validator.iter_errors(document):
            found.append(_sentence(error))
            if len(found) == MOST_PROBLEMS:
                break
    except _TooMuch:
        if not found:
            raise UnusableSchema("it takes too much work on this file") from None
    except UnusableSchema:
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's schema can fail in any part of the package
        raise UnusableSchema(_reason(error)) from None
    return found


def _reason(error: Exception) -> str:
    match error:
        case SchemaError():
            return _cut(error.message)
        case RecursionError():
            return "it is recursive without end, or nested too deeply"
        case _:
            return _cut(str(error)) or type(error).__name__


def _plain(schema: Mapping[str, Any]) -> Any:
    """Return a schema as plain JSON without `$schema`, which would select another validator than ours."""
    return json.loads(
        json.dumps(schema, allow_nan=False),
        object_pairs_hook=lambda pairs: {k: v for k, v in pairs if k != "$schema" or not isinstance(v, str)},
    )


def _prepared(schema: Any) -> Any:
    """Replace `false` by a keyword with the same meaning, so that its work is counted."""
    if schema is False:
        return {"not": {}}
    return (
        {name: _prepared_value(name, value) for name, value in schema.items()} if isinstance(schema, dict) else schema
    )


def _prepared_value(name: str, value: Any) -> Any:
    if name in _ONE_SCHEMA:
        return _prepared(value)
    if name in _LIST_OF_SCHEMAS and isinstance(value, list):
        return [_prepared(item) for item in value]
    if name in _MAP_OF_SCHEMAS and isinstance(value, dict):
        return {key: _prepared(item) for key, item in value.items()}
    return value


class _Work:
    """The work spent on one document, and its compiled patterns."""

    def __init__(self) -> None:
        self._left = _MOST_WORK
        self._patterns: dict[str, tuple[SchemaValidator, int]] = {}

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise _TooMuch

    def matches(self, pattern: str, text: str) -> bool:
        """Search a text, in time that grows with the text's length and the pattern's repeats. Raises UnusableSchema."""
        if pattern not in self._patterns:
            if len(self._patterns) == _MOST_PATTERNS:
                raise UnusableSchema(f"it has more than {_MOST_PATTERNS} patterns")
            self._patterns[pattern] = _compiled(pattern), _repeats(pattern)
        compiled, repeats = self._patterns[pattern]
        self.spend(5 + len(text) * repeats // 40)
        return compiled.isinstance_python(text)


def _compiled(pattern: str) -> SchemaValidator:
    if len(pattern) > _LONGEST_PATTERN or _repeats(pattern) > _MOST_REPEATS or _FLAGS.search(pattern):
        raise UnusableSchema(f"the pattern {pattern[:60]!r} is too long, repeats too much or sets flags")
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except PatternError as error:
        reason = str(error).rstrip().rpartition("error: ")[2]
        raise UnusableSchema(f"the pattern {pattern[:60]!r} is not known here: {reason[:100]}") from None


def _repeats(pattern: str) -> int:
    """Return an upper bound for the states of a pattern: counts add up, and those after a group or a count multiply."""
    plain, nested = len(pattern), 1
    for found in _REPEAT.finditer(pattern):
        count = max(int(found[2]), int(found[3] or 0), 1)
        plain, nested = (plain, nested * count) if found[1] else (plain + count, nested)
    return plain * nested


def _bounded_class(work: _Work) -> Any:
    """Return a validator class that counts the work of each keyword."""
    keywords: dict[str, Keyword] = {**Draft202012Validator.VALIDATORS, **_own_keywords(work)}
    return extend(
        Draft202012Validator, {name: partial(_counted, work, name, keyword) for name, keyword in keywords.items()}
    )


def _counted(
    work: _Work, name: str, keyword: Keyword, validator: Any, value: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if name in _REFUSED:
        raise UnusableSchema(f"it uses {name}")
    walked = len(instance) if name in _WALKING and isinstance(instance, list | dict) else 0
    work.spend((25 if name == "$ref" else 3) + walked + (len(value) if isinstance(value, list | dict) else 0))
    for error in keyword(validator, value, instance, schema) or ():
        # A message may repeat the whole document, and `anyOf` and `oneOf` store the messages of all of their schemas.
        work.spend(5 + len(error.message) // 20)
        error.message = _cut(error.message)
        yield error


def _own_keywords(work: _Work) -> dict[str, Keyword]:
    """Return our own keywords: those with patterns, and those that are slow or wrong in the package."""
    return {
        "pattern": partial(_pattern, work),
        "patternProperties": partial(_pattern_properties, work),
        "additionalProperties": partial(_additional_properties, work),
        "uniqueItems": partial(_unique_items, work),
        "multipleOf": _multiple_of,
    }


def _pattern(work: _Work, validator: Any, pattern: str, instance: Any, _: Mapping[str, Any]) -> Iterator[Any]:
    if validator.is_type(instance, "string") and not work.matches(pattern, instance):
        yield ValidationError(f"{instance[:80]!r} does not match {pattern!r}")


def _pattern_properties(
    work: _Work, validator: Any, patterns: Mapping[str, Any], instance: Any, _: Mapping[str, Any]
) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, schema in patterns.items():
        for name in filter(partial(work.matches, pattern), instance):
            yield from validator.descend(instance[name], schema, path=name, schema_path=pattern)


def _additional_properties(
    work: _Work, validator: Any, wanted: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    more = [
        name for name in instance if name not in known and not any(work.matches(pattern, name) for pattern in patterns)
    ]
    if wanted is not False:
        for name in more:
            yield from validator.descend(instance[name], wanted, path=name)
    elif more:
        yield ValidationError(f"further fields are not allowed: {', '.join(repr(name[:40]) for name in more[:5])}")


def _unique_items(work: _Work, validator: Any, wanted: bool, instance: Any, _: Mapping[str, Any]) -> Iterator[Any]:
    if not wanted or not validator.is_type(instance, "array"):
        return
    texts = [json.dumps(item, sort_keys=True) for item in instance]
    work.spend(sum(5 + len(text) // 20 for text in texts))
    if len(set(texts)) < len(texts):
        yield ValidationError("its items are not all different")


def _multiple_of(validator: Any, factor: float, instance: Any, _: Mapping[str, Any]) -> Iterator[Any]:
    """Divide decimal fractions exactly: 19.99 is a multiple of 0.01."""
    if validator.is_type(instance, "number") and _EXACT.remainder(Decimal(repr(instance)), Decimal(repr(factor))):
        yield ValidationError(f"{instance!r} is not a multiple of {factor!r}")


def _sentence(error: Any) -> str:
    where = "" if error.json_path == "$" else f"{_cut(error.json_path)}: "
    return f"{where}{error.message}"


def _cut(text: str) -> str:
    """Cut the middle out of a long message, which begins with the value and ends with the problem."""
    return text if len(text) <= _LONGEST_PROBLEM else f"{text[:60]} … {text[60 - _LONGEST_PROBLEM :]}"
