"""JavaScript as tokens: names, literals and signs, as far as they can be told apart without parsing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEEPEST = 40  # templates within each other

#: Names that are no value. A keyword may stand before a name, as no other word does in code.
KEYWORDS = frozenset({
    "async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else", "export", "extends",
    "finally", "for", "function", "get", "if", "import", "in", "instanceof", "let", "new", "of", "return", "set", "static", "switch", "throw", "try",
    "typeof", "var", "void", "while", "with", "yield",
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
    |(?P<sign>>>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\+=|-=|\*=|/=|%=|&=|\|=|\^=
      |\*\*|<<|>>|[{}()\[\];,<>+\-*/%&|^!~?:=.])""",
    re.VERBOSE | re.DOTALL,
)
#: What the comments and templates of a text are found by, be it JavaScript or not. Bounds and possessive quantifiers keep it linear.
_PART = re.compile(
    r"""(?P<comment>//[^\n]*+|<!--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)
    |"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?
    |(?:[(,=:\[!&|?;+>]|\breturn\b)\s*+/(?![*/])(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n]){0,99}+\]){1,300}+/
    |(?P<sign>[`{}])""",
    re.VERBOSE | re.DOTALL,
)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(?:`|\$\{|\\?\Z)", re.DOTALL)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+/[a-z]*")


class ScriptError(ValueError):
    """The text is no JavaScript."""


@dataclass(frozen=True, slots=True)
class ScriptToken:
    """`kind` is word, literal or sign; `space` stands before it; `parts` are the expressions in a template."""

    kind: str
    text: str
    space: str = ""
    parts: Sequence[Sequence[ScriptToken]] = ()

    @property
    def is_value(self) -> bool:
        return self.kind == "literal" or (self.kind == "word" and self.text not in KEYWORDS)


NOTHING = ScriptToken("", "")


def tokens_of(text: str) -> list[ScriptToken]:
    """Return the tokens of a script, those in templates below their template. Raises ScriptError."""
    tokens, _ = _tokens(text, 0, depth=0)
    return tokens


def comments_and_templates(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield where each comment and each piece of a template's own text begins and ends, and whether it is a comment.

    The text may be cut off, be no JavaScript at all, or be as large as it likes.
    """
    at, braces = 0, list[int]()  # for each template whose expression is being read, how many braces are open in it
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


def neighbours(tokens: Sequence[ScriptToken]) -> Iterator[tuple[ScriptToken, ScriptToken, ScriptToken]]:
    """Yield each token between the one before and the one after it; NOTHING stands at both ends."""
    return zip([NOTHING, *tokens], tokens, [*tokens[1:], NOTHING], strict=False)


def _tokens(text: str, at: int, *, depth: int) -> tuple[list[ScriptToken], int]:
    """Return the tokens from `at` on, and where they end: at the end of the text, or in a template at the brace that nothing in it opened."""
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
    """Return the token at a place and where it ends; None for white space and comments."""
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
