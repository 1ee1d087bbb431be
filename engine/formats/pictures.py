"""Reads the format and the size of a picture from its bytes, because names and media types come from strangers."""

from __future__ import annotations

import io

import imagesize  # type: ignore[import-untyped]

#: The first bytes of the types that every provider of a model with vision accepts.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def media_type_of(content: bytes) -> str:
    """Return the media type by the bytes; "" if they are not PNG, JPEG, GIF or WebP."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for signature, media_type in _SIGNATURES if content.startswith(signature)), "")


def picture_line(content: bytes) -> str:
    """Return a sentence on a picture's format and size; "" for other bytes."""
    media_type = media_type_of(content)
    if not media_type:
        return ""
    kind = f"A picture: {media_type.partition('/')[2].upper()}"
    size = _size(content)
    return f"{kind}, {size[0]} x {size[1]} pixels." if size else f"{kind} of unknown size: it may be damaged."


def _size(content: bytes) -> tuple[int, int] | None:
    try:
        width, height = imagesize.get(io.BytesIO(content))
    except Exception:  # noqa: BLE001 - a parser of headers meets any bytes here, and no size is no loss
        return None
    return (int(width), int(height)) if width > 0 and height > 0 else None
