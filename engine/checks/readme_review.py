"""Finds defects of a README: placeholders for names, and mentions of files that do not exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_STAND_IN = re.compile(
    r"\b(?:TODO|TBD|FIXME):|^\W*(?:TODO|TBD|FIXME)\W*$"
    r"|(?i:\blorem ipsum\b|\byour[-_](?:user[-_]?name|name|repo(?:sitory)?)\b"
    r"|\bgithub\.com/(?:user(?:name)?|your\w*|example)/"
    r"|[<\[{](?:your|repo(?:sitory)?|user(?:name)?|project|insert)(?:[-_ ][\w -]{1,30})?[>\]}](?!\())"
)
_NAMED_FILE = re.compile(r"`(?:\./)?([\w-]+(?:/[\w-]+)*\.(?:html?|css|m?js|json|csv|md|txt))`")


def readme_defects(text: str, files: Collection[str]) -> Iterator[tuple[int, str]]:
    """Yield line (from 1) and description of each defect of a README; `files` are the repository's paths."""
    for number, line in enumerate(text.split("\n"), 1):
        head = line[:1_000]
        if head.lstrip().startswith(">"):
            continue  # a quotation of the brief
        if found := _STAND_IN.search(head):
            yield number, f"{found[0].strip()[:40]!r} stands for something that was never filled in"
        for name in _NAMED_FILE.findall(head):
            if name not in files and not any(path.endswith(f"/{name}") for path in files):
                yield number, f"it tells of {name}, which is no file of the repository"
