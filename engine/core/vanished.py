"""What the page of the round before had and this one has not: ids, functions, headings, files. A hint that something was dropped, not a verdict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.checks import Check, CheckResult, Kind, Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = "Nothing of the page before is gone"

_SOURCES = re.compile(r"\.(?:html?|m?js)$", re.IGNORECASE)
_PARTS = {
    "the id": re.compile(r"""<[A-Za-z][^<>]{0,300}?\sid\s{0,3}=\s{0,3}["']?([A-Za-z][\w-]{0,80})"""),
    "the function": re.compile(
        r"\bfunction\s{1,4}([A-Za-z_$][\w$]{0,80})|\b(?:const|let|var)\s{1,4}([A-Za-z_$][\w$]{0,80})\s{0,4}=\s{0,4}(?:async\s{1,4})?"
        r"(?:function\b|\([^()]{0,200}\)\s{0,4}=>|[A-Za-z_$][\w$]{0,80}\s{0,4}=>)"
    ),
    "the heading": re.compile(r"<h[1-4][^<>]{0,300}>([^<>]{1,120})</h[1-4]", re.IGNORECASE),
}
_MOST = 12


def vanished(before: Mapping[str, bytes], after: Mapping[str, bytes], brief: str) -> list[str]:
    """Return in a few words each what is gone. What the `brief` names is meant to change and is left out."""
    then, now = _source(before), _source(after)
    said = brief.lower()
    gone = [f"the file {path}" for path in before if path not in after and path.lower() not in said]
    for kind, pattern in _PARTS.items():
        gone += [
            f"{kind} {name!r}"
            for name in dict.fromkeys(_names(pattern, then))
            if name not in now and name.lower() not in said
        ]
    return gone


def vanished_result(before: Mapping[str, bytes], after: Mapping[str, bytes], brief: str) -> CheckResult:
    """Return the same as advice: a failure names what is gone."""
    gone = vanished(before, after, brief)
    more = f" and {len(gone) - _MOST} more" if len(gone) > _MOST else ""
    detail = f"gone since the round before: {', '.join(gone[:_MOST])}{more}" if gone else ""
    return CheckResult(Check(Kind.SOURCE, TEXT), Target.LOCAL, Verdict.FAIL if gone else Verdict.PASS, detail)


def _source(files: Mapping[str, bytes]) -> str:
    return "\n".join(content.decode("utf-8", "replace") for path, content in files.items() if _SOURCES.search(path))


def _names(pattern: re.Pattern[str], text: str) -> list[str]:
    return [next(group for group in found.groups() if group).strip() for found in pattern.finditer(text)]
