"""Checks the source of index.html, because an evaluator may read the file without a browser.

The results are advice, because a page that fails here may still be correct in the browser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ID = re.compile(r"""(?:getElementById\(\s*["'`]|querySelector(?:All)?\(\s*["'`]#)([\w-]+)["'`]\s*\)""")
_TITLE = re.compile(r"""document\.title\s*={2,3}\s*(["'`])(.+?)\1""")
_FIRST_SCRIPT = re.compile(
    r"""(?:querySelector\(\s*["'`]script["'`]\s*\)"""
    r"""|(?:scripts|(?:querySelectorAll|getElementsByTagName)\(\s*["'`]script["'`]\s*\))\[0\])"""
    r"""\??\.(?:textContent|innerHTML|innerText|text)\b"""
)
_ELEMENT = (
    r"""(?:document\.)(?:getElementById\(\s*["'`]|querySelector\(\s*["'`]#)([\w-]+)["'`]\s*\)"""
    r"""\??\.(?:textContent|innerText|innerHTML)"""
)
_NUMBER = re.compile(rf"(?:parseFloat\(|parseInt\(|Number\(|(?<![\w)\]\"'`])(?<![\w)\]\"'`] )\+)\s*\(?\s*{_ELEMENT}")

#: Each pattern reads no text twice: a page may be a megabyte of `<!--` or `<script>`.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SCRIPT, _SOURCE_TITLE = (
    (re.compile(rf"<{tag}\b([^<>]{{0,2000}})>", re.IGNORECASE), re.compile(rf"</{tag}\s{{0,99}}>", re.IGNORECASE))
    for tag in ("script", "title")
)
_SVG_MADE_AS_HTML = re.compile(
    r"""\bcreateElement\(\s*(["'`])(svg|g|rect|circle|ellipse|line|polyline|polygon|path|text|tspan|"""
    r"""linearGradient|marker)\1""",
)
_PLAIN = re.compile(r"^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$", re.IGNORECASE)


def source_results(files: Mapping[str, bytes], checks: Sequence[Check]) -> list[CheckOutcome]:
    """Check index.html's source for what the JS checks name. A rule that does not apply gives no result."""
    if "index.html" not in files:
        return []
    # Blanks replace comments, so that offsets and line numbers stay the same.
    source = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), files["index.html"].decode("utf-8", "replace"))
    expressions = [check.text for check in checks if check.kind is Kind.JS]
    return [
        *_titles(source, expressions),
        *_ids(source, expressions),
        *_first_script(source, expressions),
        *_numbers(source, expressions),
        *_drawn(source),
    ]


class _Written(NamedTuple):
    """An element as it stands in the source: the offset of its start tag, its attributes, its text."""

    start: int
    attributes: str
    text: str


def _first(source: str, tags: tuple[re.Pattern[str], re.Pattern[str]]) -> _Written | None:
    """Return the first element of a kind that has an end tag; None if there is none."""
    opening, closing = tags
    start = opening.search(source)
    end = closing.search(source, start.end()) if start else None
    return _Written(start.start(), start[1], source[start.end() : end.start()]) if start and end else None


def _result(text: str, problem: str) -> CheckOutcome:
    verdict = Verdict.FAIL if problem else Verdict.PASS
    return CheckOutcome(Check(Kind.SOURCE, text), Target.LOCAL, verdict, problem)


def _line(source: str, offset: int) -> str:
    return f"index.html line {source.count(chr(10), 0, offset) + 1}"


def _titles(source: str, expressions: Sequence[str]) -> Iterator[CheckOutcome]:
    for expected in dict.fromkeys(found[2] for text in expressions for found in _TITLE.finditer(text)):
        found = _first(source, _SOURCE_TITLE)
        if found is None:
            problem = "index.html has no <title>"
        elif " ".join(found.text.split()) == expected:
            problem = ""
        else:
            problem = (
                f"{_line(source, found.start)}: the title is {found.text.strip()[:80]!r}; a script may still change it"
            )
        yield _result(f"the title {expected!r} is in the source", problem)


def _ids(source: str, expressions: Sequence[str]) -> Iterator[CheckOutcome]:
    for name in dict.fromkeys(found[1] for text in expressions for found in _ID.finditer(text)):
        problem = (
            ""
            if _element(source, name)
            else f"no element of index.html has the id {name!r}; a script may still make it"
        )
        yield _result(f"the id {name!r} is in the source", problem)


def _element(source: str, name: str) -> re.Match[str] | None:
    return re.search(
        rf"""<([a-z][\w-]*)\b[^<>]*?\sid\s*=\s*["']?{re.escape(name)}(?=["'\s/>])[^<>]*>""", source, re.IGNORECASE
    )


def _first_script(source: str, expressions: Sequence[str]) -> Iterator[CheckOutcome]:
    if not any(_FIRST_SCRIPT.search(text) for text in expressions):
        return
    found = _first(source, _SCRIPT)
    if found is None:
        problem = "index.html has no <script>"
    elif re.search(r"\bsrc\s*=", found.attributes, re.IGNORECASE):
        problem = f"{_line(source, found.start)}: the first <script> loads a file, so its own text is empty"
    else:
        problem = "" if found.text.strip() else f"{_line(source, found.start)}: the first <script> is empty"
    yield _result("the first script is inline", problem)


def _numbers(source: str, expressions: Sequence[str]) -> Iterator[CheckOutcome]:
    """Check elements that a check reads as numbers, if their text stands in the source and not in a script."""
    for name in dict.fromkeys(found[1] for text in expressions for found in _NUMBER.finditer(text)):
        found = _element(source, name)
        text = source[found.end() :].partition("<")[0] if found else ""
        if found and text.strip():
            problem = f"{_line(source, found.start())}: #{name} shows {text.strip()[:40]!r}, which is no plain number"
            yield _result(f"#{name} is a plain number", "" if _PLAIN.match(text) else problem)


def _drawn(source: str) -> Iterator[CheckOutcome]:
    """Find SVG elements that a script creates as HTML: they get ids and classes, but they are never drawn."""
    if found := _SVG_MADE_AS_HTML.search(source):
        problem = (
            f"{_line(source, found.start())}: createElement makes an HTML element {found[2]!r}, which is never drawn: "
            "document.createElementNS('http://www.w3.org/2000/svg', …) makes one of SVG, and "
            "setAttribute('class', …) its class"
        )
        yield _result("SVG elements are made as SVG", problem)
