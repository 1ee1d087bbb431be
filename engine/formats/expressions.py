"""Recognises JavaScript expressions that read a page, by the tokens and their order and not by the meaning of words.

In doubt a text is a sentence: a model can still read it, while a sentence that is run as code always fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.formats.javascript import ASSIGNING, CLOSING, ScriptError, neighbours, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.formats.javascript import ScriptToken

LONGEST = 4_000  # characters

_LOOKED_UP = (
    re.compile(r"""getElementById\(\s{0,4}["'`]([\w-]{1,80})["'`]"""),
    re.compile(r"""querySelector(?:All)?\(\s{0,4}(?:"([^"\n]{1,120})"|'([^'\n]{1,120})'|`([^`$\n]{1,120})`)"""),
)
MOST_SELECTORS = 8

#: Globals of a browser. An expression reads a member of an object, or calls a function, of these.
_OBJECTS = {
    "document", "window", "globalThis", "self", "location", "localStorage", "sessionStorage", "navigator", "history",
    "performance", "screen", "customElements", "frames", "indexedDB", "caches",
}  # fmt: skip
_FUNCTIONS = {"getComputedStyle", "matchMedia", "getSelection", "fetch"}

_DECLARING = {"const", "let", "var"}
_PREFIXES = {"!", "~", "+", "-", "++", "--", "typeof", "void", "delete", "await", "new", "async"}
_BINARY = ASSIGNING | {
    "||", "&&", "??", "|", "^", "&", "==", "!=", "===", "!==", "<", ">", "<=", ">=", "<<", ">>", ">>>", "+", "-",
    "*", "/", "%", "**", "in", "instanceof", "=>", ",",
}  # fmt: skip


def is_expression(text: str) -> bool:
    """Say whether a text is one expression, possibly after other statements, that reads a browser's global."""
    if len(text) > LONGEST:
        return False
    try:
        tokens = tokens_of(text)
        if not _reads_a_global(tokens):
            return False
        _read(tokens)
    except ScriptError:
        return False
    return True


def _reads_a_global(tokens: Sequence[ScriptToken]) -> bool:
    for before, token, after in neighbours(tokens):
        if any(_reads_a_global(part) for part in token.parts):
            return True
        if token.kind != "word" or before.text in {".", "?."}:
            continue
        if token.text in _OBJECTS and (after.text in {".", "?.", "["} or before.text == "in"):
            return True
        if token.text in _FUNCTIONS and after.text == "(":
            return True
    return False


def _read(tokens: Sequence[ScriptToken]) -> None:
    """Check that tokens form a program. Raises ScriptError if they do not."""
    tokens = list(tokens)
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    reader = _ExpressionReader()
    for before, token, after in neighbours(tokens):
        for part in token.parts:
            _read(part)
        reader.take(before, token, after)
    reader.end()


@dataclass(slots=True)
class _Bracket:
    """An open bracket. `loose`: statements or an object, of which only brackets and adjacent names are checked."""

    closing: str
    loose: bool = False
    is_call: bool = False
    questions: int = 0  # `?` without their colon yet
    functions: int = 0  # `function` without their body yet


class _ExpressionReader:
    """Checks tokens one by one. Values and operators alternate, which they do not do in a sentence."""

    def __init__(self) -> None:
        self._open = [_Bracket("")]
        self._wants_value, self._wants_name = True, False
        self._declares = self._assigns = False

    def take(self, before: ScriptToken, token: ScriptToken, after: ScriptToken) -> None:
        """Read the next token. Raises ScriptError if it cannot stand there."""
        if self._wants_name:
            self._wants_name = False
        elif self._open[-1].loose:
            self._take_loosely(before, token)
        elif self._wants_value:
            self._take_value(before, token, after)
        else:
            self._take_operator(before, token, after)

    def end(self) -> None:
        """Raise ScriptError if the code is incomplete, or if its last statement only declares or assigns."""
        last = self._open.pop()
        if self._open or self._wants_value or last.questions or last.functions or self._declares or self._assigns:
            raise ScriptError

    def _take_value(self, before: ScriptToken, token: ScriptToken, after: ScriptToken) -> None:
        inside = len(self._open) > 1
        if token.is_value:
            self._wants_value = False
        elif token.text in _PREFIXES or (token.text == "..." and inside):
            pass
        elif token.text in CLOSING:
            self._open_value(before, token)
        elif token.text in {")", "]"}:
            self._close_early(before, token, after)
        elif token.text == "function":
            self._open[-1].functions += 1
            self._wants_value = after.kind == "word"
        elif token.text in _DECLARING and not inside and before.text in {"", ";"}:
            self._declares = True
        else:
            raise ScriptError

    def _open_value(self, before: ScriptToken, token: ScriptToken) -> None:
        """Open a group, list, object, pattern or function body. A block at the start of a statement is an error."""
        if token.text == "{" and before.text in {"", ";"}:
            raise ScriptError
        self._open.append(_Bracket(CLOSING[token.text], loose=token.text == "{"))

    def _close_early(self, before: ScriptToken, token: ScriptToken, after: ScriptToken) -> None:
        """Close a bracket that is empty, as in `f()`, `[]` and `() =>`, or that ends with a comma."""
        is_group = token.text == ")" and not self._open[-1].is_call
        if before.text == "," or (before.text in CLOSING and not (is_group and after.text != "=>")):
            self._close(token)
        else:
            raise ScriptError

    def _take_operator(self, before: ScriptToken, token: ScriptToken, after: ScriptToken) -> None:
        if token.kind == "literal":  # a template with its tag
            if token.text[0] != "`" or token.space or before.kind == "literal":
                raise ScriptError
        elif token.text in {".", "?."}:
            self._wants_name = after.kind == "word"
            if not self._wants_name and (token.text == "." or after.text not in {"(", "["}):
                raise ScriptError
        elif token.text in CLOSING:
            self._open_after(before, token)
        elif token.text in CLOSING.values():
            self._close(token)
        elif token.text not in {"++", "--"}:
            self._take_binary(token)

    def _open_after(self, before: ScriptToken, token: ScriptToken) -> None:
        """Open a call, an index or a function body. After a blank or a literal, a bracket belongs to a sentence."""
        around = self._open[-1]
        if token.text == "{":
            if not around.functions:
                raise ScriptError
            around.functions -= 1
            self._open.append(_Bracket("}", loose=True))
            return
        if (token.space and not around.functions) or (before.kind == "literal" and token.text == "("):
            raise ScriptError
        self._open.append(_Bracket(CLOSING[token.text], is_call=True))
        self._wants_value = True

    def _close(self, token: ScriptToken) -> None:
        closed = self._open.pop()
        if token.text != closed.closing or closed.questions or closed.functions:
            raise ScriptError
        self._wants_value = False

    def _take_binary(self, token: ScriptToken) -> None:
        around, inside = self._open[-1], len(self._open) > 1
        if self._declares and not inside and not self._assigns and token.text != "=":
            raise ScriptError
        if token.text in {"?", ":"}:
            around.questions += 1 if token.text == "?" else -1
        elif token.text == ";":
            self._declares = self._assigns = False
        elif token.text not in _BINARY or (token.text == "," and not inside):
            raise ScriptError
        if around.questions < 0 or (token.text == ";" and (inside or around.questions)):
            raise ScriptError
        self._assigns = self._assigns or (token.text in ASSIGNING and not inside)
        self._wants_value = True

    def _take_loosely(self, before: ScriptToken, token: ScriptToken) -> None:
        if token.is_value and before.is_value and "\n" not in token.space:
            raise ScriptError
        if token.kind == "sign" and token.text in CLOSING:
            self._open.append(_Bracket(CLOSING[token.text], loose=True))
        elif token.kind == "sign" and token.text in CLOSING.values():
            self._close(token)


def selectors_of(expression: str) -> list[str]:
    """Return the selectors that an expression looks up in the document, at most MOST_SELECTORS."""
    ids = [f"#{found[1]}" for found in _LOOKED_UP[0].finditer(expression)]
    named = [next(group for group in found.groups() if group) for found in _LOOKED_UP[1].finditer(expression)]
    return list(dict.fromkeys([*ids, *named]))[:MOST_SELECTORS]
