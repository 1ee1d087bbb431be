"""Reads the JSON values of a body: of server-sent events, of JSON lines, or of one JSON document.

The bytes decide which it is, because servers send each of these under any media type.

Server-sent events are read as the standard says (https://html.spec.whatwg.org/multipage/server-sent-events.html), and
more leniently where servers break it: a value counts as soon as its JSON is complete, so the blank line after it may be
missing, and so may `data:`. What the standard skips (comments, `retry:`, events without data) and data that is no JSON
(`data: ping`) are skipped. httpx2.EventSource does none of this for another media type, and drops the last event if its
blank line is missing.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The value of the line that ends a stream of chat completions.
DONE: Final = "[DONE]"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_IGNORED = frozenset({"id", "retry"})

#: How the first line of an object begins, or of a list of objects.
_OBJECT = re.compile(r'\s*(?:\{\s*(?:"|$)|\[\s*(?:\{|$))')


class BrokenJson:
    """Stands for a value that began and is no JSON: a piece of the answer may be missing there."""


class EventReader:
    """`feed` and `end` yield (the event's name, its value). Each may be called with any part of the body."""

    def __init__(self) -> None:
        self.first_line = ""  # the first line with text, which tells a web page
        self._rest = bytearray()  # a line without its end
        self._after_return = False
        self._at_start = True
        self._name = ""
        self._data: list[str] = []  # the lines of a value that is not complete yet

    def feed(self, content: bytes) -> Iterator[tuple[str, object]]:
        if self._after_return and content:
            content = content.removeprefix(b"\n")
            self._after_return = False
        if not content:
            return
        self._after_return = content.endswith(b"\r")
        first, *others = _LINE_END.split(content)
        self._rest += first
        for following in others:
            yield from self._line(bytes(self._rest))
            self._rest = bytearray(following)

    def end(self) -> Iterator[tuple[str, object]]:
        """Yield what is left when the body ends or is given up."""
        yield from self._line(bytes(self._rest))
        yield from self._line(b"")
        self._rest.clear()

    def _line(self, line: bytes) -> Iterator[tuple[str, object]]:
        if self._at_start:
            line, self._at_start = line.removeprefix(_BYTE_ORDER_MARK), False
        text = line.decode("utf-8", "replace")
        self.first_line = self.first_line or text.strip()
        if not text:
            yield from self._unfinished()
            self._name = ""
            return
        name, _, value = text.partition(":")
        if name == "event":
            self._name = value.strip()
        elif name == "error":  # until September 2025: https://github.com/ggml-org/llama.cpp/pull/16109
            yield from self._value("error", value)
        elif name == "data":
            yield from self._value(self._name, value.removeprefix(" "))
        elif name and name not in _IGNORED:  # a comment has no name
            yield from self._value(self._name, text)

    def _value(self, name: str, line: str) -> Iterator[tuple[str, object]]:
        if line.strip().strip('"').startswith(DONE):
            yield from self._unfinished()
            yield name, DONE
            return
        if not self._data and not _OBJECT.match(line):
            if name == "error" and line.strip():
                yield name, line
            elif '"choices"' in line:
                yield name, BrokenJson()
            return
        self._data.append(line)
        if line.rstrip().endswith(("}", "]")):
            try:
                value: object = json.loads("\n".join(self._data), strict=False)
            except (ValueError, RecursionError):
                return
            self._data.clear()
            yield name, value

    def _unfinished(self) -> Iterator[tuple[str, object]]:
        if self._data:
            self._data.clear()
            yield self._name, BrokenJson()
