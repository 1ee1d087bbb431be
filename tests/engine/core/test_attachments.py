from __future__ import annotations

import base64
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.attachments import describe, parse_data_uri
from engine.core.brief import AttachedFile


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:text/csv;base64,YSxiCjEsMgo=", ("text/csv", b"a,b\n1,2\n")),
        ("DATA:Text/CSV;charset=utf-8;BASE64,YSxiCjEsMgo", ("text/csv", b"a,b\n1,2\n")),
        ("data:;base64,YSxi\n CjEs\tMgo=", ("text/plain", b"a,b\n1,2\n")),
        ("data:image/png;base64,-_-_", ("image/png", b"\xfb\xff\xbf")),
        ("data:image/png;base64,%2B%2F%2B%2F", ("image/png", b"\xfb\xff\xbf")),
        ("data:,a%2Cb%0A1,2", ("text/plain", b"a,b\n1,2")),
        ("data:text/plain,नमस्ते", ("text/plain", "नमस्ते".encode())),
        ("data:text/css,#total{}", ("text/css", b"#total{}")),
    ],
)
def test_data_uris_are_read_leniently(url: str, expected: tuple[str, bytes]) -> None:
    assert parse_data_uri(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "data:text/plain",
        "http://x/,y",
        "data:a/b;base64,!!!!",
        "data:a/b;base64,AAAAA",
        "data:,\ud800",
        "data:a/b;base64,é",
    ],
)
def test_what_is_no_data_uri_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_data_uri(url)


@given(
    st.binary(max_size=300),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
    st.integers(1, 80),
    st.booleans(),
)
def test_base64_comes_back_whatever_its_dress(content: bytes, encode: object, width: int, padded: bool) -> None:
    digits = encode(content).decode()  # type: ignore[operator]
    digits = digits if padded else digits.rstrip("=")
    wrapped = "\r\n".join(digits[at : at + width] for at in range(0, len(digits), width))
    assert parse_data_uri(f"data:x/y;base64,{wrapped}") == ("x/y", content)


@given(st.binary(max_size=300))
def test_percent_encoding_comes_back(content: bytes) -> None:
    assert parse_data_uri(f"data:x/y,{quote_from_bytes(content)}") == ("x/y", content)


@given(st.text())
def test_any_text_is_read_or_refused_by_value_error(text: str) -> None:
    for url in (text, f"data:{text}"):
        try:
            media_type, _ = parse_data_uri(url)
        except ValueError:
            continue
        assert "/" in media_type


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"month,mm\nJan,60\nFeb,41\n",
            "text.trim().split(/\\r?\\n/).map((line) => line.split(',')); // rows.length is 2",
        ),
        (b"month\tmm\r\nJan\t60", "line.split('\\t')); // rows.length is 1"),
        (b'name,mm\n"a,b",1\n', "Some fields are quoted"),
        (b"month,mm\nJan,60\n\nFeb,41\n", "Some lines are empty"),
    ],
)
def test_a_script_is_told_how_this_very_table_is_read(content: bytes, told: str) -> None:
    assert told in describe(AttachedFile("rain.csv", "text/csv", content))


def test_a_table_is_described_by_its_columns_types_and_rows() -> None:
    content = b'\xef\xbb\xbfregion;price;sold;when\n"a;b";$1,200.50;3;2024-01-02\nc;$80;4.5;2024-02-03\n\n'
    lines = describe(AttachedFile("sales.csv", "text/csv", content)).splitlines()
    assert lines[0] == f"sales.csv (text/csv, {len(content)} bytes)"
    assert (
        lines[1]
        == "Columns, separated by ';': region (text), price (number with signs or separators), sold (number), when (date)"
    )
    assert lines[2] == "Rows below the header: 2"
    assert lines[3].endswith("sold: sum 7.5, min 3, max 4.5")
    assert lines[4] == "Some fields are quoted: a plain split at ';' does not read them."
    assert lines[6] == "region;price;sold;when"


def test_json_is_described_by_its_shape() -> None:
    content = b'{"rates": [{"code": "EUR", "value": 1.5, "ok": true, "none": null}], "empty": []}'
    lines = describe(AttachedFile("rates.json", "application/json", content)).splitlines()
    assert (
        lines[1] == "JSON: {rates: [1 of {code: text, value: number, ok: true/false, none: null}], empty: array of 0}"
    )
    assert lines[2] == 'Read it so: fetch("rates.json").then((response) => response.json()).then((data) => { … });'


@pytest.mark.parametrize("content", [b"{nope", b"[" * 100_000])
def test_json_that_does_not_parse_is_called_so(content: bytes) -> None:
    assert "does not parse" in describe(AttachedFile("x.json", "application/json", content))


def test_a_binary_file_is_type_and_size_only() -> None:
    assert (
        describe(AttachedFile("logo.png", "image/png", b"\x89PNG\x00" * 400))
        == "logo.png (image/png, 2,000 bytes)\nA binary file."
    )


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)
GIF = b"GIF89a\x05\x00\x04\x00\x00\x00\x00;"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (PIXEL, "A picture: PNG, 3 x 2 pixels."),
        (GIF, "A picture: GIF, 5 x 4 pixels."),
        (PIXEL[:12], "A picture: PNG of unknown size: it may be damaged."),
        (b"\xff\xd8\xff\xe0" + b"\0" * 50, "A picture: JPEG of unknown size: it may be damaged."),
    ],
    ids=["png", "gif", "cut", "jpeg without a frame"],
)
def test_a_picture_is_described_by_what_its_bytes_say(content: bytes, line: str) -> None:
    told = describe(AttachedFile("my logo.bin", "application/octet-stream", content)).splitlines()
    assert told[1:] == [line, 'Show it so: <img src="my%20logo.bin" alt="what it shows">']


def test_markdown_is_described_by_its_headings() -> None:
    text = "# Title #\n\ntext\n\n```\n# a comment\n```\n## Part *one*\n#no heading\n"
    lines = describe(AttachedFile("input.md", "text/markdown", text.encode())).splitlines()
    assert lines[1:4] == ["Its headings:", "Title", "  Part *one*"]
    many = describe(AttachedFile("a.md", "", b"# x\n" * 500)).splitlines()
    assert many[42] == "and 460 more"


def test_a_note_stands_below_the_name_and_a_workbook_is_its_note() -> None:
    noted = AttachedFile("a.json", "application/json", b"[1]", note="Fetched.")
    assert describe(noted).splitlines()[1:3] == ["Fetched.", "JSON: [1 of number]"]
    assert describe(AttachedFile("a.xlsx", "", b"PK", note="A workbook.")) == "a.xlsx (, 2 bytes)\nA workbook."


def test_long_text_is_cut_and_marked_as_cut() -> None:
    text = "x" * 1_000 + "\n" + "line\n" * 100
    described = describe(AttachedFile("notes.txt", "text/plain", text.encode()))
    assert "x" * 300 + " … [line cut here]" in described
    assert described.endswith("[cut here: 61 more lines]")


@given(
    st.binary(max_size=2_000),
    st.sampled_from(["a.csv", "a.json", "a.md", "a.bin"]),
    st.sampled_from(["text/plain", "text/csv", "image/png"]),
)
def test_any_file_is_described_within_bounds(content: bytes, name: str, media_type: str) -> None:
    described = describe(AttachedFile(name, media_type, content))
    assert described.startswith(f"{name} ({media_type}, ")
    assert len(described) < 8_000
