"""Finds the end of an HTTP/1.1 request in bytes that arrive piece by piece.

It judges nothing: a request that is malformed counts as whole, and gunicorn's parser then refuses it.
https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import re

#: The most bytes of a head. gunicorn's own limits are a request line of 4 kB, and 100 fields of 8 kB.
LONGEST_HEAD = 128_000
_LONGEST_REQUEST_LINE = 4_094
_LONGEST_CHUNK_LINE = 8_192

#: How much of a body that is too large is read and dropped, so that the client gets an answer, not a reset connection.
DRAINED = 64_000_000

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]+):[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")


class ArrivingRequest:
    """One request while it arrives. `largest` bounds its body in bytes."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._head = bytearray()
        self._line = bytearray()  # of a chunked body: the part of a line that has arrived
        self._left: int | None = None  # bytes of the body, or of the present chunk, that are still to come
        self._chunked = False
        self._in_trailers = False
        self._body = 0
        self.begun = False
        self.is_whole = False
        self.is_too_large = False
        self.wants_continue = False  # the client waits for `100 Continue` before it sends the body

    def feed(self, piece: bytes) -> bytes:
        """Take the next bytes, and return the part of them that is worth keeping: nothing of a body too large."""
        self.begun = True
        if self._left is None:
            before = len(self._head)
            self._head += piece
            end = _HEAD_END.search(self._head, max(0, before - 3))
            if end is None:
                line_is_long = b"\n" not in self._head and len(self._head) > _LONGEST_REQUEST_LINE
                self.is_whole = line_is_long or len(self._head) > LONGEST_HEAD
                return piece
            self._begin_body(bytes(self._head[: end.end()]))
            rest = bytes(self._head[end.end() :])
            self._head.clear()
            self._take(rest)
            return piece
        self._take(piece)
        return b"" if self.is_too_large else piece

    def _begin_body(self, head: bytes) -> None:
        fields = [(name.lower(), value) for name, value in _FIELD.findall(head)]
        lengths = [value for name, value in fields if name == b"content-length"]
        codings = [value.lower() for name, value in fields if name == b"transfer-encoding"]
        self._left = 0
        if codings == [b"chunked"] and not lengths:
            self._chunked = True
        elif len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) < 16 and not codings:
            self._left = int(lengths[0])
            self.is_too_large = self._left > self._largest
        else:
            self.is_whole = True  # without a body, or malformed
        expects = any(name == b"expect" and value.lower() == b"100-continue" for name, value in fields)
        self.wants_continue = expects and not self.is_whole

    def _take(self, piece: bytes) -> None:
        self._body += len(piece)
        if not self._chunked and self._left is not None:
            self._left -= min(self._left, len(piece))
            self.is_whole = self.is_whole or self._left == 0
        elif self._chunked:
            self._take_chunks(piece)
            self.is_too_large = self.is_too_large or self._body > self._largest + self._largest // 2
        self.is_whole = self.is_whole or (self.is_too_large and self._body >= DRAINED)

    def _take_chunks(self, piece: bytes) -> None:
        """Follow the chunks: lines with a size, then as many bytes and a line end; a chunk of 0, trailers, the end."""
        at = 0
        while at < len(piece) and not self.is_whole:
            if self._left:
                step = min(self._left, len(piece) - at)
                self._left -= step
                at += step
                continue
            end = piece.find(b"\n", at) + 1
            self._line += piece[at : end or len(piece)]
            at = end or len(piece)
            if not end:
                self.is_whole = len(self._line) > _LONGEST_CHUNK_LINE
                return
            self._take_line(bytes(self._line))
            self._line.clear()

    def _take_line(self, line: bytes) -> None:
        if self._in_trailers:
            self.is_whole = line in {b"\r\n", b"\n"}
            return
        size = _CHUNK.fullmatch(line)
        if size is None:
            self.is_whole = True  # malformed
        elif int(size[1], 16):
            self._left = int(size[1], 16) + 2  # with the line end after it
        else:
            self._in_trailers = True
