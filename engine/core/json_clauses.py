"""What a clause says of a JSON file: a form in braces, or in words (`an array of 5 objects with id (number) and name (string)`)."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.core.json_shapes import TYPE_WORDS, Shape, read_shape, type_of
from engine.core.text_counts import NUMBER, number_of

_FORMS_TRIED = 4
_MOST_OPENERS = 40
_NOUNS = "objects?|strings?|numbers?|integers?|booleans?|items?|entries|elements?|arrays?|lists?"
_ARRAY = re.compile(
    r"(?<![\w-])(?:json\s{1,3})?(?:array|list)(?:\s{1,3}of\s{1,3}(?:(?P<bound>exactly|at least|at most)\s{1,3})?"
    rf"(?:(?P<number>{NUMBER.pattern})\s{{1,3}}(?P<counted>[a-z][\w-]{{1,30}})|(?P<noun>{_NOUNS}))\b)?",
    re.IGNORECASE,
)
_OBJECTS = re.compile(
    rf"(?<![\w-])(?:(exactly|at least|at most)\s{{1,3}})?({NUMBER.pattern})\s{{1,3}}objects\b", re.IGNORECASE
)
_OBJECT = re.compile(r"(?<![\w-])(?:json\s{1,3})?object\b", re.IGNORECASE)
_VALID = re.compile(r"\b(?:(?:valid|well-formed|parseable)\s{1,3})?json\b(?:\s{1,3}file\b)?", re.IGNORECASE)
_NAME = (
    r"(?:[`\"'][A-Za-z_$][\w$-]{0,60}[`\"']|"
    r"(?!(?:is|are|has|have|must|should|each|an?|the|all|with|which|where|that|then|be|in|of|for|and|its|their|as|to|whose)\b)[A-Za-z_$][\w$-]{0,60})"
)
_TYPED = rf"{_NAME}\s{{0,3}}(?:\(\s{{0,3}}(?:an?\s{{1,3}})?(?:{TYPE_WORDS})\s{{0,3}}\)|:\s{{0,3}}(?:{TYPE_WORDS})\b)"
_JOINT = r"(?:\s{0,3},\s{0,3}(?:and\s{1,3})?|\s{1,3}and\s{1,3})"
_FIELD_WORD = r"(?:keys?|fields?|propert(?:y|ies)|attributes?|members?)"
_KEYED = re.compile(
    rf"(?<![\w-])(?:the\s{{1,3}})?{_FIELD_WORD}\s{{0,3}}:?\s{{0,3}}((?:{_TYPED}|{_NAME})(?:{_JOINT}(?:{_TYPED}|{_NAME})){{0,30}})",
    re.IGNORECASE,
)
_TYPED_LIST = re.compile(rf"(?<![\w-])({_TYPED}(?:{_JOINT}{_TYPED}){{0,30}})", re.IGNORECASE)
_FIELD = re.compile(
    rf"(?<![\w$-])({_NAME})\s{{0,3}}(?:[(:]\s{{0,3}}(?:an?\s{{1,3}})?({TYPE_WORDS})\b\s{{0,3}}\)?)?", re.IGNORECASE
)


def take_shape(clause: str) -> tuple[Shape | None, str]:
    """Return the shape that a clause states, None where it states none, and the clause without the phrases that were understood."""
    form, left = _take_form(clause)
    fields, left = _take_fields(left)
    array, left = _take_array(left)
    is_object = _OBJECT.search(left)
    left = _OBJECT.sub(" ", left)
    says_json = _VALID.search(left)
    left = _VALID.sub(" ", left)
    inner = form or (
        Shape("object" if is_object or array else "", fields) if fields or (is_object and array is None) else None
    )
    if array is not None:
        item = inner if inner is not None and inner.kind != "array" else array.item
        return replace(array, item=item), left
    if inner is not None:
        return inner, left
    return (Shape() if says_json else None), left


def _take_form(clause: str) -> tuple[Shape | None, str]:
    """Take the form in braces that has the most fields: `{city}` in a sentence is none where a whole one follows."""
    forms: list[tuple[Shape, int, int]] = []
    starts = [found.start() for found in re.finditer(r"[{\[]", clause)]
    while starts and len(forms) < _FORMS_TRIED:
        start = starts.pop(0)
        read = read_shape(clause[start:])
        if read is not None and (read[0].kind == "object" or read[0].item is not None):
            forms.append((read[0], start, start + read[1]))
            starts = [later for later in starts if later >= start + read[1]]
        elif len(starts) > _MOST_OPENERS:
            break
    if not forms:
        return None, clause
    shape, start, end = max(forms, key=lambda form: len((form[0].item or form[0]).fields))
    return shape, re.sub(r"```(?:json5?|jsonc)?", " ", f"{clause[:start]} {clause[end:]}")


def _take_fields(clause: str) -> tuple[tuple[tuple[str, Shape], ...], str]:
    found = _KEYED.search(clause) or _TYPED_LIST.search(clause)
    if found is None:
        return (), clause
    fields = tuple(
        (field[1].strip("`\"'"), Shape(type_of(field[2] or "")))
        for field in _FIELD.finditer(found[1])
        if field[1].lower() != "and"
    )
    return fields, f"{clause[: found.start()]} {clause[found.end() :]}"


def _take_array(clause: str) -> tuple[Shape | None, str]:
    if found := _ARRAY.search(clause):
        noun = (found["counted"] or found["noun"] or "").lower()
        item = type_of(noun.removesuffix("s"))
        number = number_of(found["number"]) if found["number"] else None
        bound = (found["bound"] or "").lower()
    elif found := _OBJECTS.search(clause):
        item, number, bound = "object", number_of(found[2]), (found[1] or "").lower()
    else:
        return None, clause
    shape = Shape("array", item=Shape(item) if item else None)
    if number is not None:
        shape = replace(
            shape, least=None if bound == "at most" else number, most=None if bound == "at least" else number
        )
    return shape, f"{clause[: found.start()]} {clause[found.end() :]}"
