from __future__ import annotations

import base64
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.inputs.data_uris import DataUri, parse_data_uri


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
        ("data:text/csv;charset=UTF-16LE;base64,YQAsAGIA", ("text/csv; charset=utf-16le", b"a\0,\0b\0")),
        ("data:text/plain;charset=latin1,f%FCr \n", ("text/plain; charset=windows-1252", b"f\xfcr")),
        (f"data:a/b;base64,{' ' * 16}", ("a/b", b"\xfb\xef\xbe" * 4)),
        ("data:a/b;base64,-  7\n", ("a/b", b"\xfb\xef\xbb")),
        ("data:a/b;base64,YSxi CjEs MgoK", ("a/b", b"a,b\n1,2\n\n")),
    ],
)
def test_data_uris_are_read_leniently(url: str, expected: tuple[str, bytes]) -> None:
    found = parse_data_uri(url)
    assert (found.media_type, found.content) == expected


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
    found = parse_data_uri(f"data:x/y;base64,{wrapped}")
    assert (found.media_type, found.content) == ("x/y", content)


@given(st.binary(max_size=300))
def test_percent_encoding_comes_back(content: bytes) -> None:
    assert parse_data_uri(f"data:x/y,{quote_from_bytes(content)}") == DataUri("x/y", content)


@given(st.text())
def test_any_text_is_read_or_refused_by_value_error(text: str) -> None:
    for url in (text, f"data:{text}"):
        try:
            media_type = parse_data_uri(url).media_type
        except ValueError:
            continue
        assert "/" in media_type


SIGNS = bytes(range(248, 256)) * 3  # its base64 is full of + and /


@pytest.mark.parametrize(
    ("digits", "repairs"),
    [
        (base64.b64encode(SIGNS).decode(), ()),
        (base64.b64encode(SIGNS).decode().replace("+", " "), ("blanks were taken for plus signs",)),
        (base64.urlsafe_b64encode(SIGNS).decode(), ("- and _ were taken for + and /",)),
        (quote(base64.b64encode(SIGNS).decode(), safe=""), ()),
        (f" {base64.b64encode(SIGNS).decode()}\t\v\f ", ()),
        (f"    {base64.b64encode(SIGNS).decode()}    ", ()),
        (
            "\r\n ".join(base64.b64encode(SIGNS).decode()[at : at + 8] for at in (0, 8, 16, 24)),
            ("white space was left out",),
        ),
        (
            " ".join(base64.b64encode(SIGNS).decode()[at : at + 8] for at in (0, 8, 16, 24)),
            ("white space was left out",),
        ),
        (base64.b64encode(SIGNS).decode() + "==", ("the padding was put right",)),
    ],
)
def test_what_was_changed_in_base64_is_undone_and_named(digits: str, repairs: tuple[str, ...]) -> None:
    assert parse_data_uri(f"data:a/b;base64,{digits}") == DataUri("a/b", SIGNS, repairs)


@given(st.lists(st.sampled_from(range(0xF8, 0x100)), min_size=1, max_size=300).map(bytes))
def test_blanks_for_plus_signs_lose_no_byte_where_only_they_fit(content: bytes) -> None:
    digits = base64.b64encode(content).decode()
    assume(digits.count("+") % 4)
    assert parse_data_uri(f"data:a/b;base64,{digits.replace('+', ' ')}").content == content


@pytest.mark.parametrize(
    ("digits", "standard"),
    [("AB  CD E FGH", "AB++CD+E+FGH"), ("ABCD EFGH IJKL MNOP QRST", "ABCDEFGHIJKLMNOPQRST"), ("A BC DEF", "A+BC+DEF")],
)
def test_blanks_at_equal_distances_divide_and_others_are_plus_signs(digits: str, standard: str) -> None:
    assert parse_data_uri(f"data:a/b;base64,{digits}").content == base64.b64decode(standard)


@pytest.mark.parametrize(
    ("digits", "why"),
    [
        ("YSxi!jEsMgo=", "character 5 is '!'"),
        ("a,b\n1,2\n", "character 2 is ','"),
        ("YSxiC", "5 characters are one too many or some too few, so it may be cut off"),
        ("YSxi\x00", "character 5 is '\\x00'"),
        ("é", "character 1 is a byte that is no ASCII text"),
    ],
)
def test_what_cannot_be_undone_is_named_with_its_place(digits: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"what follows is not base64") as raised:
        parse_data_uri(f"data:a/b;base64,{digits}")
    assert why in str(raised.value)
