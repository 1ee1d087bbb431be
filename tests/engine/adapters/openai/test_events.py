"""The reader of server-sent events, JSON lines and JSON documents."""

from __future__ import annotations

import pytest

from engine.adapters.openai.events import DONE, BrokenJson, EventReader

#: Bodies, and the values in them with the names of their events. None stands for broken JSON.
BODIES: dict[str, tuple[bytes, list[tuple[str, object]]]] = {
    "LF": (b'data: {"a": 1}\n\ndata: {"a": 2}\n\n', [("", {"a": 1}), ("", {"a": 2})]),
    "CRLF": (b'data: {"a": 1}\r\n\r\ndata: {"a": 2}\r\n\r\n', [("", {"a": 1}), ("", {"a": 2})]),
    "CR": (b'data: {"a": 1}\r\rdata: {"a": 2}\r\r', [("", {"a": 1}), ("", {"a": 2})]),
    "mixed line ends": (b'data: {"a":\rdata: 1}\n\r\ndata: {"a": 2}\r\n\n', [("", {"a": 1}), ("", {"a": 2})]),
    "a byte order mark": (b'\xef\xbb\xbfdata: {"a": 1}\n\n', [("", {"a": 1})]),
    "no space after the colon": (b'data:{"a": 1}\n\n', [("", {"a": 1})]),
    "several data lines": (b'data: {\ndata:   "a":\ndata: 1}\n\n', [("", {"a": 1})]),
    "several data lines, CRLF": (b'data: {\r\ndata:   "a":\r\ndata: 1}\r\n\r\n', [("", {"a": 1})]),
    "names of events": (
        b'event: message\nid: 7\ndata: {"a": 1}\n\ndata: {"a": 2}\n\n',
        [("message", {"a": 1}), ("", {"a": 2})],
    ),
    "comments and keep-alives": (b': hi\n\n:\n\n\n\ndata: {"a": 1}\n: ping\n\n: bye', [("", {"a": 1})]),
    "retry and id alone": (b'retry: 3000\n\nid: 7\n\nid\n\nretry\n\ndata: {"a": 1}\n\n', [("", {"a": 1})]),
    "events without data": (b'event: ping\n\ndata:\n\ndata\n\ndata: \n\ndata: {"a": 1}\n\n', [("", {"a": 1})]),
    "data that is no JSON": (b'data: : keepalive\n\ndata: ping\n\ndata: {"a": 1}\n\n', [("", {"a": 1})]),
    "data in brackets that is no JSON": (b'data: [ping]\n\ndata: {ping}\n\ndata: {"a": 1}\n\n', [("", {"a": 1})]),
    "no last blank line": (b'data: {"a": 1}\n', [("", {"a": 1})]),
    "no last line end": (b'data: {"a": 1}', [("", {"a": 1})]),
    "no blank lines": (b'data: {"a": 1}\ndata: {"a": 2}\ndata: [DONE]\n', [("", {"a": 1}), ("", {"a": 2}), ("", DONE)]),
    "an end in quotes": (b'data: "[DONE]"\n\n', [("", DONE)]),
    "an end alone": (b"[DONE]\n", [("", DONE)]),
    "an end with a name": (b"event: done\ndata: [DONE]\n\n", [("done", DONE)]),
    "JSON lines": (b'{"a": 1}\n{"a": 2}\n', [("", {"a": 1}), ("", {"a": 2})]),
    "one document": (b'{"a": 1}', [("", {"a": 1})]),
    "an indented document": (b'\n\n{\n  "a": [\n    {"b": 1}\n  ]\n}\n', [("", {"a": [{"b": 1}]})]),
    "a list": (b'[{"a": 1}]', [("", [{"a": 1}])]),
    "an indented list": (b'[\n  {"a": 1}\n]', [("", [{"a": 1}])]),
    "llama.cpp's errors": (b'error: {"code": 500}\n\ndata: [DONE]\n\n', [("error", {"code": 500}), ("", DONE)]),
    "a broken character": (b'data: {"a": "x\xff\xc3y"}\n\n', [("", {"a": "x\ufffd\ufffdy"})]),
    "a line feed in a string": (b'data: {"a": "x\ty\x00"}\n\n', [("", {"a": "x\ty\0"})]),
    "a value that is cut": (b'data: {"a": 1}\n\ndata: {"a":', [("", {"a": 1}), ("", None)]),
    "a value that is broken": (b'data: {"a": 1]}\n\ndata: {"a": 2}\n\n', [("", None), ("", {"a": 2})]),
    "a value that is too deep": (b'data: {"a": ' + b"[" * 100_000 + b"]}\n\n", [("", None)]),
    "a web page": (b"<!doctype html>\n<title>data: no</title>\n\n", []),
    "nothing": (b"", []),
}


def read(pieces: list[bytes]) -> list[tuple[str, object]]:
    reader = EventReader()
    found = [event for piece in pieces for event in reader.feed(piece)] + list(reader.end())
    return [(name, None if isinstance(value, BrokenJson) else value) for name, value in found]


@pytest.mark.parametrize(("body", "values"), BODIES.values(), ids=BODIES)
def test_the_values_of_a_body_are_read_however_its_bytes_are_cut(body: bytes, values: list[tuple[str, object]]) -> None:
    assert read([body]) == values
    if len(body) < 1_000:
        assert read([bytes([byte]) for byte in body]) == values
        assert all(read([body[:at], b"", body[at:]]) == values for at in range(len(body)))


def test_a_value_is_there_before_its_blank_line() -> None:
    assert list(EventReader().feed(b'data: {"a": 1}\n')) == [("", {"a": 1})]
