"""Splits JavaScript into tokens (names, literals and signs) without parsing it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCRIPT_SUFFIXES = (".js", ".mjs", ".cjs")
DEEPEST = 40  # nested templates

#: Names that are not values. Only a keyword may stand directly before a name.
KEYWORDS = frozenset({
    "async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do",
    "else", "export", "extends", "finally", "for", "function", "get", "if", "import", "in", "instanceof", "let", "new",
    "of", "return", "set", "static", "switch", "throw", "try", "typeof", "var", "void", "while", "with", "yield",
})  # fmt: skip
ASSIGNING = frozenset(
    {"=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=", "??="}
)
CLOSING = {"(": ")", "[": "]", "{": "}"}

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<word>[^\W\d][\w$]*|\$[\w$]*)
    |(?P<literal>0[xXoObB][\da-fA-F_]+n?|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?
      |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<sign>>>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)
      |\+\+|--|\+=|-=|\*=|/=|%=|&=|\|=|\^=|\*\*|<<|>>|[{}()\[\];,<>+\-*/%&|^!~?:=.])""",
    re.VERBOSE | re.DOTALL,
)
#: Finds comments and templates in any text. Limits and possessive quantifiers keep the search linear.
_PART = re.compile(
    r"""(?P<comment>//[^\n]*+|<!--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)
    |"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?
    |(?:[(,=:\[!&|?;+>]|\breturn\b)\s*+/(?![*/])(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n]){0,99}+\]){1,300}+/
    |(?P<sign>[`{}])""",
    re.VERBOSE | re.DOTALL,
)
#: A token of any text, for `open_at_end`. Possessive quantifiers keep it linear.
_SCAN = re.compile(
    r"""(?P<space>\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)
    |(?P<literal>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|[\w$@\#]++)
    |(?P<open>[({\[`])|(?P<close>[)}\]])|(?P<comment>/\*)|(?P<string>["'])
    |(?P<sign>\+\+|--|=>|[;,<>+\-*/%&|^!~?:=.])""",
    re.VERBOSE | re.DOTALL,
)
#: The text of a template, as far as its end or its next expression.
_TEMPLATE_TEXT = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(?:(?P<close>`)|(?P<open>\$\{)|\\?\Z)", re.DOTALL)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(?:`|\$\{|\\?\Z)", re.DOTALL)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n]){0,200}+\]){1,500}+/[a-z]*+")
#: After these a slash divides; `last` of `open_at_end`.
_VALUES = frozenset({"literal", "close", "++", "--"})
_PAIRS = {**CLOSING, "${": "}", "`": "`"}
#: A script cannot end with one of these signs.
_WANT_MORE = frozenset(["=>", ",", "<", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~", "?", ":", "=", "."])


class ScriptError(ValueError):
    """The text is not JavaScript."""


@dataclass(frozen=True, slots=True)
class ScriptToken:
    """A token. `kind` is word, literal or sign; `space` precedes it; `parts` are a template's expressions."""

    kind: str
    text: str
    space: str = ""
    parts: Sequence[Sequence[ScriptToken]] = ()

    @property
    def is_value(self) -> bool:
        return self.kind == "literal" or (self.kind == "word" and self.text not in KEYWORDS)


NOTHING = ScriptToken("", "")


def tokens_of(text: str) -> list[ScriptToken]:
    """Return the tokens of a script; a template's tokens are in its `parts`. Raises ScriptError."""
    tokens, _ = _tokens(text, 0, depth=0)
    return tokens


def comments_and_templates(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield start, end and whether it is a comment, for each comment and each text piece of a template.

    The text may be cut off, large, or not JavaScript.
    """
    at, braces = 0, list[int]()  # the number of open braces in each template whose expression is being read
    while found := _PART.search(text, at):
        start, at, sign = found.start(), found.end(), found["sign"]
        if found["comment"]:
            yield start, at, True
        elif sign == "`" or (sign == "}" and braces and not braces[-1]):
            if sign == "}":
                braces.pop()
            piece = _TEMPLATE.match(text, at)
            at = piece.end() if piece else len(text)
            yield start, at, False
            if text.endswith("${", start, at):
                braces.append(0)
        elif sign and braces:
            braces[-1] += 1 if sign == "{" else -1


def open_at_end(text: str) -> str:
    """Return what is open where a script ends: a bracket, a quote, a comment, or a sign that wants more after it.

    Returns "" if nothing is, and if the text cannot be split into tokens for sure: then nothing is known.
    """
    at, last, opened = 0, "", list[str]()
    while at < len(text):
        found = _scanned(text, at, last, in_template=opened[-1:] == ["`"])
        if found is None:
            return ""
        at, sign, kind = found.end(), found[0], found.lastgroup or "literal"
        if kind in {"comment", "string"}:
            return sign if kind == "comment" or "\n" not in text[at:] else ""
        if kind == "close" and (not opened or _PAIRS[opened.pop()] != sign[-1]):
            return ""
        if kind == "open":
            opened.append("${" if sign.endswith("${") else sign)
        if kind != "space":
            last = sign if kind == "sign" or sign == "}" else "name" if sign in KEYWORDS else kind
    return (opened or [last if last in _WANT_MORE else ""])[-1]


def _scanned(text: str, at: int, last: str, *, in_template: bool) -> re.Match[str] | None:
    """Return the token at a position after `last`; None for what is none, and for a slash that may be two things."""
    if in_template:
        return _TEMPLATE_TEXT.match(text, at)
    if text[at] == "/" and text[at : at + 2] not in {"//", "/*"}:
        if last == "}":
            return None  # a division after an object, or a regular expression after a block
        if last not in _VALUES and (regex := _REGEX.match(text, at)):
            return regex
    return _SCAN.match(text, at)


def neighbours(tokens: Sequence[ScriptToken]) -> Iterator[tuple[ScriptToken, ScriptToken, ScriptToken]]:
    """Yield (previous, token, next) for each token; at both ends NOTHING stands for the missing one."""
    return zip([NOTHING, *tokens], tokens, [*tokens[1:], NOTHING], strict=False)


def _tokens(text: str, at: int, *, depth: int) -> tuple[list[ScriptToken], int]:
    """Return the tokens from `at` on, and their end: the end of the text, or of a template's part."""
    if depth > DEEPEST:
        raise ScriptError
    tokens: list[ScriptToken] = []
    space, braces = "", 0
    while at < len(text):
        token, end = _token(text, at, tokens[-1] if tokens else NOTHING, space, depth)
        if token is None:
            space += text[at:end]
        else:
            braces += (token.text == "{") - (token.text == "}")
            if depth and braces < 0:
                return tokens, at
            tokens.append(token)
            space = ""
        at = end
    if depth:
        raise ScriptError
    return tokens, at


def _token(text: str, at: int, before: ScriptToken, space: str, depth: int) -> tuple[ScriptToken | None, int]:
    """Return the token at a position and its end; None instead of a token for white space and comments."""
    if text[at] == "`":
        return _template(text, at, space, depth)
    divides = before.is_value or before.text in CLOSING.values()
    if text[at] == "/" and not divides and (found := _REGEX.match(text, at)):
        return ScriptToken("literal", found[0], space), found.end()
    if not (found := _TOKEN.match(text, at)):
        raise ScriptError
    kind = found.lastgroup or ""
    return None if kind == "space" else ScriptToken(kind, found[0], space), found.end()


def _template(text: str, start: int, space: str, depth: int) -> tuple[ScriptToken, int]:
    parts: list[Sequence[ScriptToken]] = []
    at = start + 1
    while at < len(text):
        if text[at] == "`":
            return ScriptToken("literal", text[start : at + 1], space, parts), at + 1
        if text.startswith("${", at):
            part, at = _tokens(text, at + 2, depth=depth + 1)
            parts.append(part)
        at += 2 if text[at] == "\\" else 1
    raise ScriptError
