"""Decides whether bytes are text, and finds encoding and line ends: from the bytes first, then from the media type."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from engine.formats.quantities import counted

#: Labels of the Encoding Standard (https://encoding.spec.whatwg.org/) for a browser's TextDecoder, by Python's name.
#: UTF-8 is missing because text that is not valid UTF-8 was declared wrongly.
_LABELS = {
    "ascii": "windows-1252",
    "iso8859-1": "windows-1252",
    "cp1252": "windows-1252",
    "utf-16": "utf-16le",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "iso8859-2": "iso-8859-2",
    "iso8859-5": "iso-8859-5",
    "iso8859-7": "iso-8859-7",
    "iso8859-9": "windows-1254",
    "iso8859-15": "iso-8859-15",
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
    "cp1253": "windows-1253",
    "cp1254": "windows-1254",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "cp1257": "windows-1257",
    "cp1258": "windows-1258",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "mac-roman": "macintosh",
    "cp866": "ibm866",
    "shift_jis": "shift_jis",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "gb2312": "gbk",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc_kr": "euc-kr",
    "cp949": "euc-kr",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)

#: Control characters that text does not use. In text of an old encoding at most one in a hundred characters is one.
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1a\x1b") + b"\x7f"
_HIGH = bytes(range(128, 256))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SAMPLE = 4_000


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A file's text, with LF for every line end. `encoding` is a label of TextDecoder; `guessed`: it is not certain."""

    text: str
    encoding: str
    line_ends: tuple[str, ...]
    bom: bool = False
    guessed: bool = False

    @property
    def lines(self) -> list[str]:
        """The lines of the text. Text after the last line end counts as a line if it is not empty."""
        lines = self.text.split("\n")
        return lines[:-1] if lines[-1] == "" else lines

    def facts(self) -> list[str]:
        """Return sentences on the encoding and the line ends for the author of a program that reads the file."""
        name = self.encoding.upper() if self.encoding.startswith("utf") else self.encoding
        encoding = f"Text in {name}{' with a byte order mark' if self.bom else ''}"
        if self.guessed:
            encoding = f"Text that is not UTF-8, read here as {name}, which is a guess"
        facts = [f"{encoding}, {counted(len(self.lines), 'line')}{self._ends()}."]
        if self.encoding != "utf-8":
            facts.append(
                "response.text() and response.json() decode UTF-8 only; TextDecoder's label for this file is "
                f"{self.encoding!r}."
            )
        if stray := Counter(_CONTROL.findall(self.text)):
            named = ", ".join(
                f"U+{ord(sign):04X} ({counted(count, 'time')})" for sign, count in sorted(stray.items())[:5]
            )
            facts.append(f"It holds control characters: {named}.")
        return facts

    def _ends(self) -> str:
        if not self.line_ends:
            return ""
        last = "" if self.text.endswith("\n") else ", none after the last line"
        return f", line ends {' and '.join(self.line_ends)}{last}"


def decode(content: bytes, media_type: str = "") -> DecodedText | None:
    """Return the text in the bytes; None if they are not text.

    The order is: a byte order mark, valid UTF-8, the `charset` of the media type, the zeros of UTF-16.
    Other bytes that look like text are read as windows-1252, which old spreadsheets write.
    """
    for bom, label in _BOMS:
        if content.startswith(bom):
            return _decoded(content[len(bom) :], label, bom=True)
    zeros = b"\0" in content
    if not zeros and (found := _decoded(content, "utf-8")):
        return found
    if (label := declared(media_type)) and (found := _decoded(content, label)):
        return found
    if zeros:
        label = _utf16_label(content)
        return _decoded(content, label, guessed=True) if label else None
    return _decoded(content, "windows-1252", guessed=True) if _looks_like_text(content, media_type) else None


def with_charset(media_type: str, declaration: str) -> str:
    """Return a media type with the charset that `declaration` names, unless that is unknown or UTF-8."""
    label = declared(declaration)
    return f"{media_type}; charset={label}" if label else media_type


def declared(media_type: str) -> str:
    """Return the label of a media type's `charset`; "" for UTF-8, for none and for an unknown one."""
    found = _CHARSET.search(media_type)
    if found is None:
        return ""
    try:
        return _LABELS.get(codecs.lookup(found[1]).name, "")
    except (LookupError, ValueError):
        return ""


def _decoded(content: bytes, label: str, *, bom: bool = False, guessed: bool = False) -> DecodedText | None:
    errors = "replace" if label == "windows-1252" else "strict"  # five of its bytes are undefined
    try:
        text = content.decode(label, errors)
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    pairs = text.count("\r\n")
    counts = {"CRLF": pairs, "LF": text.count("\n") - pairs, "CR": text.count("\r") - pairs}
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return DecodedText(text, label, tuple(name for name, count in counts.items() if count), bom, guessed)


def _looks_like_text(content: bytes, media_type: str) -> bool:
    """Say whether bytes that are not UTF-8 look like text: few control characters, and (unless text/*) some ASCII."""
    controls = len(content) - len(content.translate(None, _CONTROLS))
    return controls * 100 <= len(content) and (
        media_type.startswith("text/") or len(content.translate(None, _HIGH)) * 3 >= len(content)
    )


def _utf16_label(content: bytes) -> str:
    """Return the label of UTF-16 by the position of zeros: in most text every other byte is zero. "" if unclear."""
    sample = content[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if len(content) % 2 or max(even, odd) * 4 < len(sample):
        return ""
    return "utf-16le" if odd > 4 * even else "utf-16be" if even > 4 * odd else ""


def database_safe(value: Any) -> Any:
    """Replace lone surrogates and NUL in a JSON value: JSON allows these characters and databases refuse them."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        case list():
            return [database_safe(item) for item in value]
        case dict():
            return {database_safe(name): database_safe(item) for name, item in value.items()}
        case _:
            return value
