"""Parses the data URIs of attachments, also those whose base64 was changed on the way."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from engine.formats.text_encoding import with_charset

#: White space other than line ends and blanks.
_GAPS = b"\t\v\f"


@dataclass(frozen=True, slots=True)
class DataUri:
    """A parsed data URI. `media_type` is in lower case; a `charset` other than UTF-8 stays in it.

    `repairs` are phrases on what was changed in its base64 before it could be decoded.
    """

    media_type: str
    content: bytes
    repairs: tuple[str, ...] = ()


def parse_data_uri(url: str) -> DataUri:
    """Parse a `data:` URI (https://www.rfc-editor.org/rfc/rfc2397), whose media type is by default `text/plain`.

    Base64 may be percent-encoded, hold white space, lack padding, use the URL-safe alphabet, or have blanks for plus
    signs, which form decoding makes. Raises ValueError with a sentence.
    """
    scheme, colon, rest = url.lstrip().partition(":")
    header, comma, payload = rest.partition(",")
    if scheme.lower() != "data" or not colon or not comma:
        raise ValueError("This is not a data URI: it must look like data:<media type>;base64,<data>.")
    media_type, *parameters = (part.strip().lower() for part in header.split(";"))
    is_base64 = "base64" in (media_type, *parameters)
    try:
        content = unquote_to_bytes(payload if is_base64 else payload.rstrip())
    except UnicodeEncodeError:
        raise ValueError("The data URI holds characters that are no text.") from None
    repairs: list[str] = []
    if is_base64:
        content, repairs = _decoded_base64(content)
    return DataUri(with_charset(media_type if "/" in media_type else "text/plain", header), content, tuple(repairs))


def _decoded_base64(payload: bytes) -> tuple[bytes, list[str]]:
    repairs = []
    joined = _without_edges(_without_line_ends(payload).translate(None, _GAPS))
    digits = joined.replace(b" ", b"+") if _blanks_are_plus_signs(joined) else joined.replace(b" ", b"")
    if len(digits) == len(joined) and b" " in joined:
        repairs.append("blanks were taken for plus signs")
    elif len(payload.split()) > 1:
        repairs.append("white space was left out")
    standard = digits.replace(b"-", b"+").replace(b"_", b"/")
    if standard != digits:
        repairs.append("- and _ were taken for + and /")
    whole = standard.rstrip(b"=")
    padding = b"=" * (-len(whole) % 4)
    if whole + padding != standard:
        repairs.append("the padding was put right")
    try:
        return base64.b64decode(whole + padding, validate=True), repairs
    except binascii.Error:
        raise ValueError(f"The data URI says base64, but what follows is not base64{_where(whole)}.") from None


def _without_line_ends(payload: bytes) -> bytes:
    """Join the lines without the white space around their ends."""
    first, *rest = payload.replace(b"\r", b"\n").split(b"\n")
    return b"".join([first.rstrip(), *map(bytes.strip, rest[:-1]), rest[-1].lstrip()]) if rest else first


def _without_edges(joined: bytes) -> bytes:
    """Leave out the blanks around base64, unless they are plus signs that its groups of four need."""
    if (start := joined.rstrip(b" ")).endswith(b"="):
        joined = start
    bare = joined.strip(b" ")
    return bare if bare and len(bare) % 4 == 0 else joined


def _where(digits: bytes) -> str:
    """Return a clause on the first byte that is no base64, or on a length that no base64 has."""
    if foreign := re.search(rb"[^A-Za-z0-9+/]", digits):
        sign = chr(foreign[0][0])
        shown = repr(sign) if sign.isascii() else "a byte that is no ASCII text"
        return f": character {foreign.start() + 1:,} is {shown}"
    return f": {len(digits):,} characters are one too many or some too few, so it may be cut off"


def _blanks_are_plus_signs(joined: bytes) -> bool:
    """Say whether blanks in base64 without line ends stand for plus signs, and do not divide it.

    Only one of the two gives a whole number of groups of four in most cases. In the others blanks at equal distances
    divide.
    """
    without = joined.replace(b" ", b"")
    if not without or (len(joined) % 4 == 0) != (len(without) % 4 == 0):
        return len(joined) % 4 == 0
    *parts, last = joined.split(b" ")
    is_divided = len(set(map(len, parts))) == 1 and len(parts[0]) > 1 and len(last) <= len(parts[0])
    return not is_divided and len(joined.rstrip(b"=")) % 4 != 1
