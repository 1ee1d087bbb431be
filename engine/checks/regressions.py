"""Finds files and ids that the previous round had and this one lacks, because other pages may use them. Advice only.

Names of functions and headings are not compared, because a later round may rename them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.formats.markup import attribute, read_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEXT = "Nothing of the page before is gone"

_PAGE = re.compile(r"\.html?$", re.IGNORECASE)
_SOURCE = re.compile(r"\.(?:html?|m?js)$", re.IGNORECASE)
_MOST = 12


def removed_names(before: Mapping[str, bytes], after: Mapping[str, bytes], brief: str) -> list[str]:
    """Return a few words for each removed file and id, except those that the `brief` names."""
    now = "\n".join(content.decode("utf-8", "replace") for path, content in after.items() if _SOURCE.search(path))
    request = brief.lower()
    files = [f"the file {path}" for path in before if path not in after and path.lower() not in request]
    ids = dict.fromkeys(name for path, page in before.items() if _PAGE.search(path) for name in _ids(page))
    return [*files, *(f"the id {name!r}" for name in ids if name not in now and name.lower() not in request)]


def removal_result(before: Mapping[str, bytes], after: Mapping[str, bytes], brief: str) -> CheckOutcome:
    """Return the removals as advice: a failure lists them."""
    removed = removed_names(before, after, brief)
    more = f" and {len(removed) - _MOST} more" if len(removed) > _MOST else ""
    detail = f"gone since the round before: {', '.join(removed[:_MOST])}{more}" if removed else ""
    return CheckOutcome(Check(Kind.SOURCE, TEXT), Target.LOCAL, Verdict.FAIL if removed else Verdict.PASS, detail)


def _ids(content: bytes) -> Iterator[str]:
    page = read_page(content.decode("utf-8", "replace"))
    for element in page.select("[id]") if page else ():
        if name := attribute(element, "id"):
            yield name
