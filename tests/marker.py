"""The marker of a published page, as it stands in its source."""

from __future__ import annotations

import html
import re

from engine.site.repository_files import MARKER_NAME


def read_marker(page: bytes) -> str | None:
    """Return the marker's content in `page`, None where it has none."""
    found = re.search(rf'<meta name="{MARKER_NAME}" content="([^"]*)"'.encode(), page)
    return html.unescape(found[1].decode("utf-8", "replace")) if found else None
