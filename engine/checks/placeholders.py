"""Finds text that a model writes instead of code: "rest of the code", "your code here", "TODO: implement".

Such text counts in comments, on lines that should be code, and as the whole text of a part of the page. It does not
count in strings of a script, in quoted code and in ordinary text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import turbohtml

from engine.formats.javascript import comments_and_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = r"(?:code|file|page|script|html|css|styles?|javascript|implementation|functions?|logic|markup|content)\b"
_WAS = r"(?:existing|previous|other|remaining|same|rest)\b"
_DOTS = r"(?:\.\.\.|…)"
#: Optional text before the pattern: dots, a verb, articles.
_LEAD = (
    rf"(?:{_DOTS}\s?)?\(?(?:(?:and|keep|include|add|insert|put|place|paste|write|here (?:is|goes|comes)) )?"
    r"(?:(?:the|all|any|of|your|my|this) )*"
)
_SAME = (
    r"(?:(?:goes|comes|stays?|remains?|is|are) )?(?:the same|unchanged|omitted|as before|as above|as is|here|below)\b"
)
#: The beginnings of a comment or a line that stands for code.
_BEGINNINGS = (
    (
        rf"{_LEAD}(?:rest|remainder) of (?:(?:the|your|my|this|all) )?(?:\w+ )?{_CODE}"
        rf"(?=\s*(?:$|\.|…|\)|{_SAME}|continues\b|follows\b))"
    ),
    rf"{_LEAD}{_WAS} (?:of )?(?:the )?(?:\w+ )?{_CODE}\s?(?:{_DOTS}|{_SAME})",
    rf"{_LEAD}(?:(?:more|main|additional|actual|own) )*{_CODE} (?:goes |comes )?here\b(?!\s+\w)",
    rf"{_LEAD}(?:{_CODE}|rest|everything else) (?:remains?|stays?|is|are) (?:the same|unchanged|as before)\b",
    rf"{_LEAD}(?:same|unchanged) {_CODE} as (?:before|above)\b",
    r"lorem ipsum\b",
)
_BEGINS = re.compile("|".join(_BEGINNINGS), re.IGNORECASE)
_ANYWHERE = re.compile(r"\b(?:omitted|truncated|shortened) for brevity\b|\btodo:? implement\b", re.IGNORECASE)
#: Capitals only, so that the comments of a to-do app do not match.
_UNDONE = re.compile(
    r"^(?:TODO|FIXME|TBD)\W*$|\b(?:TODO|FIXME)\b(?:\(\w{0,40}\))?\s?[:-]\s?(?:implement|add|write|fill|"
    r"complete|finish|insert|replace)\b"
)
_KEEP = r"(?:(?:and|keep|include|add|insert) )?(?:(?:the|all|any|your|my) )*"
#: A comment with dots at its beginning or its end: "... (rest of the fields)", "Existing fields...", "... and so on".
_DOTTED = re.compile(
    rf"{_DOTS}\s?\(?{_KEEP}(?:{_WAS}|more\b|similar\b|unchanged\b|omitted\b|and so (?:on|forth)\b|etc\b|continues?\b)"
    rf"|\(?{_KEEP}{_WAS}(?:\s[\w'/-]+){{0,6}}\s?\)?{_DOTS}\)?$",
    re.IGNORECASE,
)
#: On a line of code `...rest` is a spread, unless further words or dots follow.
_DOTTED_ALONE = re.compile(
    rf"(?:\.\.\.\s|…\s?)(?:the )?{_WAS}|\.\.\.(?:the {_WAS}|{_WAS}(?:\s+[a-z]|\s?{_DOTS}))", re.IGNORECASE
)
_ALONE = re.compile(rf"[\s(\[<{{]*(?://|\#\s|{_DOTS})[^<>;=\"'`]{{0,80}}[\s)\]>}}]*$")
_SIGNS = " \t\r/*<!->{}#()[]"
_STYLE_COMMENT = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|/\*(?:.*?\*/|.*)", re.DOTALL)

_MARKUP = re.compile(r"\.(?:html?|svg)$", re.IGNORECASE)
_STYLE = re.compile(r"\.css$", re.IGNORECASE)
_SCRIPT = re.compile(r"\.(?:m?js|jsx|tsx?|json|webmanifest)$", re.IGNORECASE)
#: Elements whose text is shown as it is, or that the visitor types over.
_QUOTED = frozenset({"pre", "code", "samp", "kbd", "textarea", "title"})
#: In these elements a placeholder as the whole text means missing content. A label may say "your file here".
_PARTS = frozenset({"body", "main", "section", "article", "header", "footer", "nav", "aside"})
_LONGEST_LINE = 2_000
#: A script with more characters, or with a line over _LONGEST_LINE, is a library or the output of a build.
_MOST_CHARACTERS = 200_000

_Found = tuple[int, str]  # the line, from 1, and the matching text


def placeholders(path: str, text: str, allowed: str = "") -> Iterator[tuple[int, str]]:
    """Yield number (from 1) and text of each line with a placeholder. Text of the request, `allowed`, is no match."""
    lines, request = text.split("\n"), allowed.lower()
    found = (min(number, len(lines)) for number, words in _found(path, text) if words.lower() not in request)
    for number in sorted(set(found)):
        yield number, " ".join(lines[number - 1][:_LONGEST_LINE].split())[:120]


def _found(path: str, text: str) -> Iterator[_Found]:
    if _MARKUP.search(path):
        yield from _in_markup(text)
    elif _STYLE.search(path):
        yield from _in_style(text, 1)
    elif _SCRIPT.search(path):
        yield from _in_script(text, 1)


def _in_markup(text: str) -> Iterator[_Found]:
    tokens = list(turbohtml.tokenize(text))
    tag, quoted = "", 0  # the tag before, and how many elements of _QUOTED are open
    for at, token in enumerate(tokens):
        data = token.data or ""
        match token.type:
            case turbohtml.TokenType.COMMENT:
                yield from _in_comment(data, token.line)
            case turbohtml.TokenType.TEXT if tag == "script":
                yield from _in_script(data, token.line)
            case turbohtml.TokenType.TEXT if tag == "style":
                yield from _in_style(data, token.line)
            case turbohtml.TokenType.TEXT if not quoted:
                closed = at + 1 < len(tokens) and tokens[at + 1].type is turbohtml.TokenType.END_TAG
                yield from _in_text(data, token.line, whole=closed and tag in _PARTS)
            case turbohtml.TokenType.START_TAG | turbohtml.TokenType.END_TAG:
                opened = token.type is turbohtml.TokenType.START_TAG
                tag = (token.tag or "") if opened else ""
                if token.tag in _QUOTED:
                    quoted = max(quoted + (1 if opened else -1), 0)
            case _:
                pass


def _in_text(text: str, first: int, *, whole: bool) -> Iterator[_Found]:
    """`whole`: the text is the only content of a part of the page."""
    yield from _alone(text.split("\n"), first)
    words = text.strip()
    found = _BEGINS.match(words)
    if found and (whole or found[0].lower() == "lorem ipsum"):
        yield first + text[: len(text) - len(text.lstrip())].count("\n"), found[0]


def _in_style(text: str, first: int) -> Iterator[_Found]:
    yield from _alone(text.split("\n"), first)
    line, at = first, 0
    for found in _STYLE_COMMENT.finditer(text):
        line, at = line + text.count("\n", at, found.start()), found.start()
        if found[0].startswith("/*"):
            yield from _in_comment(found[0], line)


def _in_script(text: str, first: int) -> Iterator[_Found]:
    """Skip a library or the output of a build, because no model wrote it."""
    lines = text.split("\n")
    if len(text) > _MOST_CHARACTERS or max(map(len, lines)) > _LONGEST_LINE:
        return
    line, at = 0, 0
    for start, end, is_comment in comments_and_templates(text):
        line, at = line + text.count("\n", at, start), start
        if is_comment:
            yield from _in_comment(text[start:end], first + line)
        else:
            last = line + text.count("\n", start, end)
            lines[line : last + 1] = [""] * (last + 1 - line)
    yield from _alone(lines, first)


def _in_comment(text: str, first: int) -> Iterator[_Found]:
    for number, line in enumerate(text.split("\n"), first):
        words = line[:_LONGEST_LINE].strip(_SIGNS)
        if found := _placeholder_match(words) or _DOTTED.match(words):
            yield number, found[0]


def _alone(lines: list[str], first: int) -> Iterator[_Found]:
    """Yield the lines that hold only a placeholder where code or text should stand."""
    for number, line in enumerate(lines, first):
        words = line[:_LONGEST_LINE].strip(_SIGNS)
        if _ALONE.match(line) and (found := _placeholder_match(words) or _DOTTED_ALONE.match(words)):
            yield number, found[0]


def _placeholder_match(words: str) -> re.Match[str] | None:
    return _BEGINS.match(words) or _ANYWHERE.search(words) or _UNDONE.search(words)
