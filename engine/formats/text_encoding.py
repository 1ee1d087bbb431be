"""Decides whether bytes are text, and finds encoding and line ends: from the bytes first, then from the media type."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

import chardet

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
    "iso8859-3": "iso-8859-3",
    "iso8859-4": "iso-8859-4",
    "iso8859-5": "iso-8859-5",
    "iso8859-6": "iso-8859-6",
    "iso8859-7": "iso-8859-7",
    "iso8859-8": "iso-8859-8",
    "iso8859-9": "windows-1254",
    "iso8859-10": "iso-8859-10",
    "iso8859-13": "iso-8859-13",
    "iso8859-14": "iso-8859-14",
    "iso8859-15": "iso-8859-15",
    "iso8859-16": "iso-8859-16",
    "iso8859-11": "windows-874",
    "tis-620": "windows-874",
    "cp874": "windows-874",
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
    "mac-cyrillic": "x-mac-cyrillic",
    "cp866": "ibm866",
    "shift_jis": "shift_jis",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "euc_jis_2004": "euc-jp",
    "iso2022_jp": "iso-2022-jp",
    "gb2312": "gbk",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "big5": "big5",
    "big5hkscs": "big5",
    "euc_kr": "euc-kr",
    "cp949": "euc-kr",
}
#: Python's codec where the label's meaning in a browser is wider than that of Python's codec of the same name.
_CODECS = {
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic",
    "shift_jis": "cp932",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "iso-2022-jp": "iso2022_jp_ext",
}
#: The encodings that a guess may name: those of spreadsheets and of the web that a short text can be told apart by.
_GUESSED = (
    "utf-16-le", "utf-16-be", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-15", "koi8-r", "koi8-u", "cp866", "cp874",
    "cp932", "euc_jis_2004", "gb18030", "big5hkscs", "cp949",
)  # fmt: skip
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)

#: Control characters that text does not use. In text of an old encoding at most one in a hundred characters is one.
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1a\x1b") + b"\x7f"
_HIGH = bytes(range(128, 256))
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: The escape codes of ISO-2022-JP, whose text is valid UTF-8 too, because it has seven-bit bytes only.
_JAPANESE_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\([IJ])")
#: Characters that most texts hold. In UTF-16 of the other byte order they are characters that hardly any text holds.
_ORDER_SIGNS = "\n\r\t ,;"
_NO_TYPES = {"", "text/plain", "application/octet-stream"}
_SAMPLE = 200_000  # bytes that a guess looks at
_SURE = 0.05  # the confidence from which a guess alone makes bytes a text; bytes of other kinds have less
_WESTERN = "cp1252"  # what most spreadsheets write; it is taken if it is about as likely as the best guess
_ALIKE = 0.95
_BROKEN = "\ufffd"

# The five bytes that windows-1252 leaves open are control characters in a browser.
codecs.register_error("as_control", lambda error: (chr(error.object[error.start]), error.start + 1))  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A file's text, with LF for every line end. `encoding` is a label of TextDecoder; `guessed`: it is not certain.

    `broken` counts the characters that could not be decoded and are U+FFFD in the text.
    """

    text: str
    encoding: str
    line_ends: tuple[str, ...]
    bom: bool = False
    guessed: bool = False
    broken: int = 0

    @property
    def lines(self) -> list[str]:
        """The lines of the text. Text after the last line end counts as a line if it is not empty."""
        lines = self.text.split("\n")
        return lines[:-1] if lines[-1] == "" else lines

    @property
    def is_known_to_browsers(self) -> bool:
        return not self.encoding.startswith("utf-32")

    def facts(self) -> list[str]:
        """Return sentences on the encoding and the line ends for the author of a program that reads the file."""
        encoding = f"Text in {self.name}{' with a byte order mark' if self.bom else ''}"
        if self.guessed:
            encoding = f"Text that is not UTF-8, read here as {self.name}, which is a guess"
        facts = [f"{encoding}, {counted(len(self.lines), 'line')}{self._ends()}."]
        if not self.is_known_to_browsers:
            facts.append("No browser decodes it: TextDecoder has no UTF-32.")
        elif self.encoding != "utf-8":
            facts.append(
                "response.text() and response.json() decode UTF-8 only; TextDecoder's label for this file is "
                f"{self.encoding!r}."
            )
        if self.broken:
            facts.append(f"{counted(self.broken, 'character')} in it cannot be decoded and are read as U+FFFD.")
        if stray := Counter(CONTROL.findall(self.text)):
            named = ", ".join(
                f"U+{ord(sign):04X} ({counted(count, 'time')})" for sign, count in sorted(stray.items())[:5]
            )
            facts.append(f"It holds control characters: {named}.")
        return facts

    def fault(self) -> str:
        """Return a clause on a defect of the encoding; "" if there is none."""
        if self.guessed:
            return f"is not UTF-8 and names no charset; it was read as {self.name}, which is a guess"
        if not self.is_known_to_browsers:
            return f"is in {self.name}, which no browser decodes"
        return f"holds {counted(self.broken, 'character')} that are not valid {self.name}" if self.broken else ""

    @property
    def name(self) -> str:
        return self.encoding.upper() if self.encoding.startswith("utf") else self.encoding

    def _ends(self) -> str:
        if not self.line_ends:
            return ""
        last = "" if self.text.endswith("\n") else ", none after the last line"
        return f", line ends {' and '.join(self.line_ends)}{last}"


def decode(content: bytes, media_type: str = "") -> DecodedText | None:
    """Return the text in the bytes; None if they are not text.

    The order is: a byte order mark, escape codes of ISO-2022-JP, valid UTF-8, the `charset` of the media type, UTF-8
    and then that charset with a few broken characters, a guess (https://chardet.readthedocs.io) among encodings that a
    browser decodes.
    """
    for bom, label in _BOMS:
        if content.startswith(bom):
            text = content[len(bom) :]
            return _decoded(text, label, bom=True) or _damaged(text, label, bom=True)
    label = declared(media_type)
    if _JAPANESE_ESCAPE.search(content) and (found := _japanese(content, label)):
        return found
    if b"\0" not in content and (found := _decoded(content, "utf-8")):
        return found
    if label and (found := _decoded(content, label)):
        return found
    return _damaged_utf8(content) or (_damaged(content, label) if label else None) or _guessed(content, media_type)


def binary_type(content: bytes) -> str:
    """Return the media type of bytes that are no text by their signature; "" for unknown ones."""
    found = chardet.detect(content)["mime_type"] or ""
    return "" if found in _NO_TYPES else found


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


def _decoded(
    content: bytes, label: str, *, bom: bool = False, guessed: bool = False, errors: str = ""
) -> DecodedText | None:
    errors = errors or ("as_control" if label == "windows-1252" else "strict")
    try:
        text = content.decode(_CODECS.get(label, label), errors)
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    whole = content.decode(_CODECS.get(label, label), "ignore") if errors == "replace" else text
    broken = text.count(_BROKEN) - whole.count(_BROKEN)
    pairs = text.count("\r\n")
    counts = {"CRLF": pairs, "LF": text.count("\n") - pairs, "CR": text.count("\r") - pairs}
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return DecodedText(text, label, tuple(name for name, count in counts.items() if count), bom, guessed, broken)


def _japanese(content: bytes, label: str) -> DecodedText | None:
    """Return text in ISO-2022-JP. Without a declaration it is a guess, but hardly another text has its escape codes."""
    if not content.isascii() or label not in {"iso-2022-jp", ""}:
        return None
    return _decoded(content, "iso-2022-jp", guessed=not label)


def _damaged_utf8(content: bytes) -> DecodedText | None:
    """Return UTF-8 text with a few broken characters, or with its last character cut; None for another encoding.

    Text of another encoding makes more broken characters than whole ones.
    """
    found = None if b"\0" in content else _decoded(content, "utf-8", errors="replace")
    if found is None:
        return None
    whole = sum(character > "\x7f" for character in found.text) - found.broken
    return found if _is_cut(found, whole) or whole >= 4 * found.broken else None


def _damaged(content: bytes, label: str, *, bom: bool = False) -> DecodedText | None:
    """Return text in a known encoding with a few broken characters, or with its last character cut."""
    found = _decoded(content, label, bom=bom, errors="replace")
    if found is None or not _is_written(found.text):
        return None
    whole = len(found.text) - found.broken
    return found if _is_cut(found, whole) or whole >= 4 * found.broken else None


def _is_cut(found: DecodedText, whole: int) -> bool:
    return found.broken == 1 and found.text.endswith(_BROKEN) and whole > 0


def _guessed(content: bytes, media_type: str) -> DecodedText | None:
    if b"\0" in content:
        return _utf_16(content)
    guesses = chardet.detect_all(content, max_bytes=_SAMPLE, compat_names=False, include_encodings=_GUESSED)
    confidences = {guess["encoding"]: guess["confidence"] for guess in guesses if guess["encoding"]}
    if not confidences:
        return None
    best = max(confidences, key=lambda name: confidences[name])
    if confidences.get(_WESTERN, 0.0) >= confidences[best] * _ALIKE:
        best = _WESTERN
    if not _looks_like_text(content, media_type, confidences[best]):
        return None
    return _decoded(content, _LABELS[best], guessed=True) or _decoded(content, _LABELS[_WESTERN], guessed=True)


def _utf_16(content: bytes) -> DecodedText | None:
    """Return text in UTF-16 without a byte order mark, in the order in which it holds more ordinary signs.

    If both orders hold the same number, the order counts in which ASCII characters have nearly all the zeros, and are
    half of the text.
    """
    even, odd = content[::2].count(0), content[1::2].count(0)
    least = len(content) / 4
    read = [
        ((sum(map(found.text.count, _ORDER_SIGNS)), is_likely), found)
        for label, is_likely in (
            ("utf-16le", odd > 4 * even and odd >= least),
            ("utf-16be", even > 4 * odd and even >= least),
        )
        if (found := _decoded(content, label, guessed=True)) and _is_written(found.text)
    ]
    read.sort(key=lambda one: one[0])
    scores = [score for score, _ in read]
    if not read or scores[-1] == (0, False) or scores.count(scores[-1]) > 1 or binary_type(content):
        return None
    return read[-1][1]


def _is_written(text: str) -> bool:
    """Say whether a decoded text has few control characters, and few characters to which Unicode gives no meaning."""
    sample = text[:_SAMPLE]
    strange = sum(unicodedata.category(character) in {"Cn", "Co"} for character in sample)
    return len(CONTROL.findall(text)) * 100 <= len(text) and strange * 100 <= len(sample)


def _looks_like_text(content: bytes, media_type: str, confidence: float) -> bool:
    """Say whether bytes that are not UTF-8 look like text: few control characters, and some sign of a language."""
    controls = len(content) - len(content.translate(None, _CONTROLS))
    is_written = len(content.translate(None, _HIGH)) * 3 >= len(content)
    return controls * 100 <= len(content) and (media_type.startswith("text/") or is_written or confidence >= _SURE)


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
