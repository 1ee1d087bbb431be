"""Finds the JSON object in a model's answer: after its thinking, in prose or a fence, with comments or trailing commas.

An incomplete object is an error and is not completed, since a plan without its end would look like a shorter plan.
"""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from engine.domain.model_call import answer_span, lone_closing_end

#: A brace before a name, a closing brace or a comment. Braces in prose, CSS and templates seldom look like that.
_OPENING = re.compile(r"\{(?=\s*+(?:[\"}]|//|/\*))")
_TOKEN = re.compile(
    r"""
      (?P<string> "(?:[^"\\]|\\.?)*+"? )
    | (?P<comment> //[^\n]*+ | /\*(?:[^*]|\*(?!/))*+(?:\*/)? )
    | (?P<open> [\[{] )
    | (?P<close> [\]}] )
    | (?P<comma> , )
    | (?P<space> \s++ )
    | (?P<other> [^\s"/,\[\]{}]++ | / )
    """,
    re.VERBOSE | re.DOTALL,
)
_DEPTH = {"open": 1, "close": -1}


def json_object(text: str) -> dict[str, object]:
    """Return the first JSON object in the text, in time proportional to the text's length.

    Raises ValueError with a sentence for the model: the text has no object, the object is incomplete, or it has an
    error at a line and column of the text. The sentence is about the last object if several have errors.
    """
    at, end = answer_span(text)
    at, text = at or lone_closing_end(text), text[:end].rstrip()
    problem, place = "the answer holds no JSON object", None
    while opening := _OPENING.search(text, at):
        start = opening.start()
        tokens, is_whole = _tokens(text, start)
        source = "".join(tokens)
        at = start + len(source)
        try:
            found: dict[str, object] = _DECODER.decode(source)
        except json.JSONDecodeError as error:
            if not is_whole and error.pos >= _end(tokens):
                lines = text.count("\n") + 1
                raise ValueError(f"the JSON ends in the middle (line {lines})") from None
            problem, place = f"the JSON cannot be read: {error.msg}", start + error.pos
        except RecursionError:
            problem, place = "the JSON is nested too deeply", start
        except ValueError as error:  # raised by the decoder's hooks, which do not know the place
            problem, place = f"the JSON cannot be read: {error}", None
        else:
            if found:
                return found
    raise ValueError(problem if place is None else f"{problem}: {_place(text, place)}")


def _tokens(text: str, start: int) -> tuple[list[str], bool]:
    """Return the tokens of the object at `start`, and whether it is complete.

    Comments and trailing commas become blanks, so that the positions of errors stay the same.
    """
    tokens: list[str] = []
    depth, comma = 0, None
    for match in _TOKEN.finditer(text, start):
        kind, token = match.lastgroup or "", match[0]
        if kind == "comment":
            kind, token = "space", re.sub(r"[^\n]", " ", token)
        elif kind == "close" and comma is not None:
            tokens[comma] = " "
        if kind != "space":
            comma = len(tokens) if kind == "comma" else None
        tokens.append(token)
        depth += _DEPTH.get(kind, 0)
        if depth == 0:
            return tokens, True
    return tokens, False


def _end(tokens: list[str]) -> int:
    """Return where an incomplete object ends. Its last token may be incomplete too, so it counts only as a bracket."""
    return sum(map(len, tokens)) - (0 if tokens[-1] in "]}" else len(tokens[-1]))


def _place(text: str, position: int) -> str:
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    return f"line {line} column {column}"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refuse(number[:20])


#: `strict=False` allows line breaks inside of strings.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse, parse_float=_finite)
