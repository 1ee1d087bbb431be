"""Finds the JSON object in a model's plain answer: behind its thinking, between prose, in a fence, with comments and trailing commas.

An object that is cut off is not completed: a plan that lost its end would read as a shorter plan.
"""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

#: A brace that may open a JSON object: a name, its end or a comment follows. Braces of prose, CSS and templates seldom look like that.
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

#: What a model thinks before it answers. The opening tag may belong to the prompt; thinking that is cut off is followed by no answer.
_THINKING = re.compile(r"\s*+<think>.*?(?:</think>|\Z)|.*?^[ \t]*+</think>", re.DOTALL | re.MULTILINE)


def json_object(text: str) -> dict[str, object]:
    """Return the first JSON object in the text.

    Raises ValueError with a sentence that the model can act on: there is none, it ends in the middle, or what is wrong at which line and column of
    the text (of the last object, where several cannot be read). Takes time in proportion to the text's length.
    """
    text = text.rstrip()
    thinking = _THINKING.match(text)
    at = thinking.end() if thinking else 0
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
        except ValueError as error:  # what the decoder's hooks refuse, which do not know the place
            problem, place = f"the JSON cannot be read: {error}", None
        else:
            if found:
                return found
    raise ValueError(problem if place is None else f"{problem}: {_place(text, place)}")


def _tokens(text: str, start: int) -> tuple[list[str], bool]:
    """Return the object that opens at `start`, and whether it ends. Comments and trailing commas are blanks, so that places stay what they are."""
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
    """Return where an object that is cut off ends, for an error: before its last token, which may be half a word, unless that is a bracket."""
    return sum(map(len, tokens)) - (0 if tokens[-1] in "]}" else len(tokens[-1]))


def _place(text: str, position: int) -> str:
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    return f"line {line} column {column}"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refuse(number[:20])


#: `strict=False` takes line breaks inside of strings.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse, parse_float=_finite)
