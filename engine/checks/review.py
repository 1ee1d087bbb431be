"""Review of what is published: markup, scripts and README, as a person would read them. Advice: it is kept in the record and told in repairs.

Each of its two results names flaws as `file:line: what`; they are no checks of the request and never counted as such.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.checks.page_review import page_issues
from engine.checks.references import wrong_references
from engine.checks.script_review import Script, script_issues
from engine.checks.typed_data import typed_tables
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.domain.issue import Issue
from engine.formats.markup import inline_scripts, read_page
from engine.formats.script import is_handwritten
from engine.site.readme import readme_issues

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from turbohtml import Document

GRAVE = "A review of the source finds no errors"
STYLE = "A review of the source finds nothing to improve"

#: Flaws that are kept of each kind.
MOST_FLAWS = 30

_VENDORED = re.compile(
    r"(?:^|/)(?:vendor|vendors|lib|libs|dist|node_modules|third[_-]party)/|[.-]min\.m?js$", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")


def review_results(
    files: Mapping[str, bytes], *, foreign: Collection[str] = (), asked: str = "", parsed: bool = False
) -> list[CheckOutcome]:
    """Review a tree; `foreign` paths are somebody else's (attachments). A name in `asked` (brief and checks) counts as used.

    `parsed`: a browser read the scripts, and knows better than our parser whether they can be.

    What is too large to be read makes a result `unverifiable`, unless something else was found.
    """
    texts = {p: c.decode("utf-8", "replace") for p, c in files.items() if p not in foreign and _is_source(p)}
    flaws, unread = _found(texts, files, asked, parsed)
    return [
        _result(GRAVE, [flaw for flaw in flaws if flaw.is_error], unread),
        _result(STYLE, [flaw for flaw in flaws if not flaw.is_error], unread),
    ]


def issues_in(results: Sequence[CheckOutcome], text: str) -> list[str]:
    """Return the flaws that the result called `text` (GRAVE or STYLE) names."""
    values = [r.value for r in results if r.check == Check(Kind.REVIEW, text)]
    return [str(flaw) for value in values if isinstance(value, list) for flaw in value]


def _is_source(path: str) -> bool:
    return re.search(r"\.(?:html?|m?js)$|^README\.md$", path, re.IGNORECASE) is not None and not _VENDORED.search(path)


def _found(
    texts: Mapping[str, str], files: Mapping[str, bytes], asked: str, parsed: bool
) -> tuple[list[Issue], list[str]]:
    flaws, unread, scripts, used = list[Issue](), list[str](), list[Script](), set(_WORD.findall(asked))
    for path, text in texts.items():
        if path.endswith(".md"):
            flaws += readme_issues(text, files)
        elif not path.lower().endswith(("htm", "html")):
            scripts.append(Script(path, 1, text))
        elif page := read_page(text):
            flaws += page_issues(path, text, page)
            flaws += (Issue(path, line, what, is_error=True) for line, what in _references(path, page, files))
            flaws += _typed(path, text, files)
            own = list(inline_scripts(page))
            scripts += [Script(path, script.line, script.text) for script in own]
            used.update(_WORD.findall(_without(text, [script.text for script in own])))
        else:
            unread.append(path)
    read = [script for script in scripts if is_handwritten(script.text)]
    unread += [script.path for script in scripts if not is_handwritten(script.text)]
    return [*flaws, *script_issues(read, used, parsed=parsed)], list(dict.fromkeys(unread))


def _without(text: str, parts: Sequence[str]) -> str:
    for part in parts:
        text = text.replace(part, "", 1)
    return text


def _references(path: str, page: Document, files: Mapping[str, bytes]) -> Iterable[tuple[int, str]]:
    return () if "/" in path else wrong_references(page, files)


def _typed(path: str, text: str, files: Mapping[str, bytes]) -> Iterator[Issue]:
    for table, at, row in typed_tables(text, files):
        what = f"rows of {table} are typed into the page ({row}); leave them out, the script reads the file"
        yield Issue(path, text.count("\n", 0, at) + 1, what, is_error=True)


def _result(text: str, flaws: Sequence[Issue], unread: Sequence[str]) -> CheckOutcome:
    shown = [str(flaw) for flaw in dict.fromkeys(flaws)][:MOST_FLAWS]
    verdict = Verdict.FAIL if shown else Verdict.UNVERIFIABLE if unread else Verdict.PASS
    detail = "; ".join(shown) or (f"{', '.join(unread[:5])}: too large, or minified, to be reviewed" if unread else "")
    return CheckOutcome(Check(Kind.REVIEW, text), Target.LOCAL, verdict, detail[:4000], shown)
