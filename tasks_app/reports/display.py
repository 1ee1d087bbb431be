"""Values as HTML: foreign text as plain text, binary contents as size and hash, never as markup."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NOTHING = "\u2013"
MOST = 200_000  # characters of one text on a page
MOST_UNFOLDED = 2_000
MOST_ROWS = 200
MOST_IN_CELL = 300
LABELS = {"sha256": "SHA-256", "http_status": "HTTP status", "status_code": "HTTP status", "commit_sha": "commit"}

#: Controls except tab and newline, marks that turn or hide text, lone surrogates.
#: https://www.unicode.org/reports/tr36/
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return `text` with a visible sign for each character that is invisible or that changes the text's direction."""
    return _HIDDEN.sub(lambda match: _sign(ord(match[0])), text.replace("\r\n", "\n"))


def _sign(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\u27e8U+{code:04X}\u27e9"


def escaped(text: str) -> str:
    """Return JSON of the same value in which each invisible character is escaped."""
    return _HIDDEN.sub(lambda match: json.dumps(match[0])[1:-1], text)


def short(text: str, most: int = MOST_IN_CELL) -> str:
    """Return the first `most` characters of `text`, visible, on one line."""
    return visible(" ".join(text[: most + 1].split()))[:most] + ("…" if len(text) > most else "")


def block(text: str) -> SafeString | str:
    """Return at most MOST characters of `text` with its line breaks, folded if it is long."""
    if not text:
        return NOTHING
    rest = f"\n… {len(text) - MOST:,} characters more" if len(text) > MOST else ""
    laid_out = format_html('<pre class="text" tabindex="0">{}{}</pre>', visible(text[:MOST]), rest)
    if len(text) <= MOST_UNFOLDED:
        return laid_out
    return format_html(
        "<details><summary>{} characters: {}</summary>{}</details>", f"{len(text):,}", short(text, 80), laid_out
    )


def json_block(value: object) -> SafeString | str:
    """Return indented JSON in which `data:` URIs are cut short."""
    if value in (None, [], {}):
        return NOTHING
    return block(json.dumps(_without_data(value), indent=2, ensure_ascii=False))


def _without_data(value: object) -> object:
    match value:
        case dict():
            return {key: _without_data(item) for key, item in value.items()}
        case list():
            return [_without_data(item) for item in value]
        case str() if value.startswith("data:") and len(value) > 100:
            return f"{value[:60]}… ({len(value):,} characters)"
    return value


def contents(content: bytes | memoryview | None) -> SafeString | str:
    """Return a text file's text, or a binary file's size and SHA-256."""
    if content is None:
        return NOTHING
    data = bytes(content)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        return f"binary, {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}"
    return block(text) if text else "empty"


def moment(when: datetime) -> SafeString:
    """Return a time in UTC, to the second."""
    text = f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}">{}</time>', when.isoformat(), text)


def removed(when: datetime | None, days: int) -> SafeString | str:
    """Return the note that stands in place of removed data: when it was removed, and how long such data is kept."""
    period = f"; such things are kept for {days} days" if days else ""
    return format_html("removed {}{}", moment(when), period) if when else f"removed{period}"


def outside(url: str, text: str = "") -> SafeString | str:
    """Return a link to another site. An address that is not http(s) is shown as text."""
    if urlsplit(url).scheme not in {"http", "https"}:
        return visible(url) or NOTHING
    return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', iri_to_uri(url), visible(text or url))


def row_link(row: Model | None, text: str = "") -> SafeString | str:
    """Return a link to a row's page in the console."""
    if row is None:
        return NOTHING
    address = reverse(f"admin:tasks_app_{type(row).__name__.lower()}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, short(text or str(row)))


def pill(word: str) -> SafeString | str:
    """Return a state, outcome or verdict with its colour; the word itself is always shown."""
    known = re.sub(r"[^a-z_]", "", word.lower())
    return format_html('<span class="pill pill-{}">{}</span>', known, visible(word)) if word else NOTHING


def table(label: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> SafeString | str:
    """Return at most MOST_ROWS rows as a table that scrolls sideways on a narrow screen."""
    lines = list(rows)
    if not lines:
        return "none"
    head = format_html_join("", '<th scope="col">{}</th>', ((heading,) for heading in headings))
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        ((format_html_join("", "<td>{}</td>", ((_cell(v),) for v in line)),) for line in lines[:MOST_ROWS]),
    )
    more = format_html("<p>only the first {} are shown here</p>", MOST_ROWS) if len(lines) > MOST_ROWS else ""
    return format_html(
        '<div class="rows" role="region" tabindex="0" aria-label="{}"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>{}",
        label, head, body, more,
    )  # fmt: skip


def _cell(value: object) -> SafeString | str:
    match value:
        case SafeString():
            return value
        case None | "":
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case datetime():
            return moment(value)
        case float():
            return f"{value:.2f}"
        case _:
            return short(str(value))


def shown(name: str, label: str = "", *, brief: bool = False) -> Callable[[Model], SafeString | str]:
    """Return a column of the admin that shows the field `name`; with `brief`, for lists, on one line."""

    @admin.display(description=label or LABELS.get(name) or name.replace("_", " "), ordering=name)
    def column(row: Model) -> SafeString | str:
        value = getattr(row, name)
        if isinstance(value, Model):
            return row_link(value)
        if isinstance(value, dict | list) and not brief:
            return json_block(value)
        if isinstance(value, str) and not brief and ("\n" in value or len(value) > MOST_IN_CELL):
            return block(value)
        return _cell(value)

    column.__name__ = name  # by which Django finds the field's help text and names the CSS class
    return column


def picture(row: Model) -> SafeString:
    """Return a check result's screenshot as a thumbnail that links to the full picture."""
    address = reverse("admin:tasks_app_checkresult_screenshot", args=[row.pk])
    return format_html(
        '<a href="{}"><img class="screenshot" src="{}" alt="Screenshot: {}" loading="lazy"></a>',
        address,
        address,
        visible(str(row)),
    )
