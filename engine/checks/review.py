"""Reviews the published source: markup, addresses, typed-in data and README.

The result is advice. It is shown in the record and in repairs, and is never counted as a check of the request. Each
defect has the form `file:line: description` (docs/decisions/0010-static-review.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.checks.page_review import page_defects
from engine.checks.readme_review import readme_defects
from engine.checks.references import wrong_references
from engine.checks.typed_data import typed_tables
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.formats.markup import read_page
from engine.site.computed import without_fills

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

REVIEW = "A review of the source finds no errors"

#: Further defects are dropped.
MOST_DEFECTS = 30

_VENDORED = re.compile(r"(?:^|/)(?:vendor|vendors|lib|libs|dist|node_modules|third[_-]party)/", re.IGNORECASE)
_SOURCE = re.compile(r"\.html?$|^README\.md$", re.IGNORECASE)


def review_result(files: Mapping[str, bytes], *, foreign: Collection[str] = ()) -> CheckOutcome:
    """Review a tree. The paths in `foreign` are attachments, which are not reviewed.

    If a page is too large and there are no other defects, the result is `unverifiable`.
    """
    defects, too_large = dict[str, None](), list[str]()
    for path, content in files.items():
        if path in foreign or not _SOURCE.search(path) or _VENDORED.search(path):
            continue
        found = _defects(path, content.decode("utf-8", "replace"), files)
        if found is None:
            too_large.append(path)
        else:
            defects |= {f"{path}:{line}: {what}": None for line, what in found}
    shown = list(defects)[:MOST_DEFECTS]
    verdict = Verdict.FAIL if shown else Verdict.UNVERIFIABLE if too_large else Verdict.PASS
    detail = "; ".join(shown) or (f"{', '.join(too_large[:5])}: too large to be reviewed" if too_large else "")
    return CheckOutcome(Check(Kind.REVIEW, REVIEW), Target.LOCAL, verdict, detail[:4000], shown)


def review_defects(results: Sequence[CheckOutcome]) -> list[str]:
    """Return the defects in an attempt's review."""
    values = [r.value for r in results if r.check == Check(Kind.REVIEW, REVIEW)]
    return [str(defect) for value in values if isinstance(value, list) for defect in value]


def _defects(path: str, text: str, files: Mapping[str, bytes]) -> Iterable[tuple[int, str]] | None:
    """Return line (from 1) and description of each defect of a file; None if it is too large."""
    if path.endswith(".md"):
        return readme_defects(text, files)
    page = read_page(text)
    if page is None:
        return None
    references = () if "/" in path else wrong_references(page, files)
    return [*page_defects(text, page), *references, *_typed(text, files)]


def _typed(text: str, files: Mapping[str, bytes]) -> Iterator[tuple[int, str]]:
    """Yield the rows of tables that a model typed into a page. What its build script filled in is none of that."""
    for table, at, row in typed_tables(without_fills(text), files):
        what = f"rows of {table} are typed into the page ({row}); leave them out, the script reads the file"
        yield text.count("\n", 0, at) + 1, what
