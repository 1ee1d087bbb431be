from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.formats.text_encoding import declared, decode, with_charset

SALES = "Städt,Umsatz\nKöln,1\n"


@pytest.mark.parametrize(
    ("content", "media_type", "encoding", "guessed"),
    [
        (SALES.encode(), "", "utf-8", False),
        (SALES.encode(), "text/csv; charset=windows-1252", "utf-8", False),
        (SALES.encode("utf-8-sig"), "", "utf-8", False),
        (SALES.encode("utf-16"), "", "utf-16le", False),
        (b"\xfe\xff" + SALES.encode("utf-16-be"), "text/csv; charset=utf-16le", "utf-16be", False),
        (SALES.encode("utf-16-le"), "text/csv; charset=utf-16le", "utf-16le", False),
        (SALES.encode("utf-16-le"), "", "utf-16le", True),
        (SALES.encode("utf-16-be"), "", "utf-16be", True),
        (SALES.encode("cp1252"), "", "windows-1252", True),
        (SALES.encode("cp1252"), "text/csv; charset=latin1", "windows-1252", False),
        (SALES.encode("cp1252"), 'text/csv; CharSet="ISO-8859-15"', "iso-8859-15", False),
        (SALES.encode("cp1252"), "text/csv; charset=nonsense", "windows-1252", True),
    ],
)
def test_the_encoding_is_found_by_the_bytes_then_by_the_charset(
    content: bytes, media_type: str, encoding: str, guessed: bool
) -> None:
    found = decode(content, media_type)
    assert found is not None
    assert (found.text, found.encoding, found.guessed) == (SALES, encoding, guessed)


@pytest.mark.parametrize(
    ("text", "codec", "charset"),
    [
        ("ωβ,γδ\nψζ,1\n", "cp1253", "windows-1253"),
        ("都市,人口\n東京,1\n", "shift_jis", "Shift_JIS"),
        ("城市,人口\n北京,1\n", "gb18030", "gb2312"),
    ],
)
def test_what_a_charset_names_is_read_by_it(text: str, codec: str, charset: str) -> None:
    found = decode(text.encode(codec), f"text/csv;charset={charset}")
    assert found is not None
    assert found.text == text
    assert not found.guessed


RUSSIAN = "город,население\nМосква,1\nКазань,2\n"  # noqa: RUF001
POLISH = "miasto;kwota\nŁódź;1\nKraków;2\nGdańsk;3\nŚwidnica;4\n"
JAPANESE = "都市,人口\n東京,1\n大阪,2\n"
CHINESE = "城市,人口\n北京,1\n上海,2\n"


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (SALES, "cp1252", "windows-1252"),
        ("name;preis\nMüller;1,50\nGröße;2,00 €\n", "cp1252", "windows-1252"),
        (POLISH, "iso8859-2", "iso-8859-2"),
        (POLISH, "cp1250", "windows-1250"),
        (JAPANESE, "cp932", "shift_jis"),
        (CHINESE, "gb18030", "gb18030"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "cp866", "ibm866"),
        ("도시,인구\n서울,1\n부산,2\n", "cp949", "euc-kr"),
        ("πόλη,πληθυσμός\nΑθήνα,1\nΠάτρα,2\n", "cp1253", "windows-1253"),  # noqa: RUF001
        ("şehir,nüfus\nİstanbul,1\nIğdır,2\nMuğla,3\n", "cp1254", "windows-1254"),  # noqa: RUF001
        (CHINESE, "utf-16-le", "utf-16le"),
    ],
)
@pytest.mark.parametrize("media_type", ["text/csv", "application/octet-stream"])
def test_an_encoding_that_nothing_names_is_guessed_among_those_of_browsers(
    text: str, codec: str, label: str, media_type: str
) -> None:
    found = decode(text.encode(codec), media_type)
    assert found is not None
    assert (found.text, found.encoding, found.guessed) == (text, label, True)
    assert "which is a guess" in found.fault()


@pytest.mark.parametrize(
    ("content", "broken"),
    [
        ("Köln, Zürich, Łódź, Málaga".encode() + b"\xff", 1),
        ("Köln, Zürich, Łódź".encode()[:-1], 1),
        (SALES.encode() + "Gr\xf6\xdfe".encode("latin-1"), 0),
    ],
)
def test_utf_8_with_few_broken_characters_stays_utf_8(content: bytes, broken: int) -> None:
    found = decode(content)
    assert found is not None
    assert (found.encoding, found.broken) == ("utf-8" if broken else "windows-1252", broken)
    assert found.text.count("\ufffd") == broken
    assert bool(broken) == ("that are not valid UTF-8" in found.fault())


@pytest.mark.parametrize(
    "text",
    [
        "品名,数量\n一,1\n",
        "一一一,1\n",
        "名前,値\n一,一\n一,一\n",
        "第一章。一切都好。\n一个人。一天一夜。一\n",
        "a,b\n1,2\n",
        "Ā,Ȁ\r\nĀ,Ȁ\r\n",
        "abc",
    ],
)
@pytest.mark.parametrize(("codec", "label"), [("utf-16-le", "utf-16le"), ("utf-16-be", "utf-16be")])
def test_utf_16_without_a_mark_may_hold_characters_whose_low_byte_is_zero(text: str, codec: str, label: str) -> None:
    found = decode(text.encode(codec))
    assert found is not None
    assert (found.text, found.encoding, found.guessed) == (text.replace("\r\n", "\n"), label, True)


@pytest.mark.parametrize(
    ("content", "encoding", "text", "broken"),
    [
        (b"\xef\xbb\xbfname,city\nA,K\xc3\xb6ln\nB,M\xfcnchen\n", "utf-8", "name,city\nA,Köln\nB,M\ufffdnchen\n", 1),
        (b"\xff\xfea\0b", "utf-16le", "a\ufffd", 1),
        ("\ufeffa\ufffd,b\n".encode("utf-16-be") + b"\0", "utf-16be", "a\ufffd,b\n\ufffd", 1),
        ("\ufeffname,city\n".encode("utf-16-le") + b"\0\xd8" + "A,B\n".encode("utf-16-le"), "utf-16le",
         "name,city\n\ufffdA,B\n", 1),
        ("\ufeffa,b\n1,2\n".encode("utf-32-le") + b"\1", "utf-32le", "a,b\n1,2\n\ufffd", 1),
    ],
)  # fmt: skip
def test_a_byte_order_mark_is_right_though_a_character_is_broken(
    content: bytes, encoding: str, text: str, broken: int
) -> None:
    found = decode(content)
    assert found is not None
    assert (found.text, found.encoding, found.bom, found.broken) == (text, encoding, True, broken)
    assert "that are not valid" in found.fault() or encoding == "utf-32le"


def test_a_declared_charset_is_right_though_a_character_is_broken() -> None:
    content = JAPANESE.encode("cp932")
    found = decode(content[:10] + b"\x81\x20" + content[10:] + b"\x81", "text/csv; charset=shift_jis")
    assert found is not None
    assert (found.encoding, found.guessed, found.broken) == ("shift_jis", False, 2)
    assert found.text.replace("\ufffd", "").replace(" ", "") == JAPANESE


@pytest.mark.parametrize(
    ("content", "media_type", "text", "encoding", "guessed"),
    [
        (JAPANESE.encode("iso2022_jp"), "text/csv; charset=iso-2022-jp", JAPANESE, "iso-2022-jp", False),
        (JAPANESE.encode("iso2022_jp"), "text/csv", JAPANESE, "iso-2022-jp", True),
        (b"\x1b(I1\x1b(B\n", "text/csv; charset=iso-2022-jp", "ｱ\n", "iso-2022-jp", False),
        (b"a\n", "text/csv; charset=iso-2022-jp", "a\n", "utf-8", False),
        (b"\x1b[1mbold\x1b[0m\n", "text/plain; charset=iso-2022-jp", "\x1b[1mbold\x1b[0m\n", "utf-8", False),
        (b"\x1b$B\n", "text/plain; charset=shift_jis", "\x1b$B\n", "utf-8", False),
        ("\x1b$B Köln\n".encode(), "text/plain; charset=iso-2022-jp", "\x1b$B Köln\n", "utf-8", False),
    ],
)  # fmt: skip
def test_text_in_seven_bits_is_read_by_its_escape_codes(
    content: bytes, media_type: str, text: str, encoding: str, guessed: bool
) -> None:
    found = decode(content, media_type)
    assert found is not None
    assert (found.text, found.encoding, found.guessed) == (text, encoding, guessed)


def test_utf_32_is_named_as_what_no_browser_decodes() -> None:
    found = decode(SALES.encode("utf-32"))
    assert found is not None
    assert (found.text, found.is_known_to_browsers) == (SALES, False)
    assert found.fault() == "is in UTF-32LE, which no browser decodes"


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        bytes(range(256)),
        b"\x1f\x8b\x08\x08\xb2\x9d\x1c\x4e\x02\xff",
        b"\xfb\xef\xbe" * 4,
        b"\xff\xfe\0",  # a mark and half a character
        b"\x0a\0\0\0\x01\0",
        b"a\0b\0c\0d",
        b"ab\0cd",
        b"\x89PNG\0\xff",
    ],
)
def test_bytes_that_are_no_text_have_none(content: bytes) -> None:
    assert decode(content) is None


@given(st.binary(max_size=400), st.text(max_size=60))
def test_any_bytes_under_any_media_type_are_text_or_none(content: bytes, media_type: str) -> None:
    found = decode(content, f"text/csv;charset={media_type}")
    assert found is None or "\0" not in found.text


@given(st.text(st.characters(exclude_characters="\0\r\ufeff", exclude_categories=["Cs"]), min_size=1))
def test_text_comes_back_with_its_line_ends_named(text: str) -> None:
    found = decode(text.replace("\n", "\r\n").encode())
    assert found is not None
    assert found.text == text
    assert found.line_ends == (("CRLF",) if "\n" in text else ())


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"a\nb\n", "Text in UTF-8, 2 lines, line ends LF."),
        (b"a\rb\r", "Text in UTF-8, 2 lines, line ends CR."),
        (b"a\r\nb", "Text in UTF-8, 2 lines, line ends CRLF, none after the last line."),
        (b"a\r\nb\nc\r", "Text in UTF-8, 3 lines, line ends CRLF and LF and CR."),
        (b"a", "Text in UTF-8, 1 line."),
        (b"\xef\xbb\xbfa\n", "Text in UTF-8 with a byte order mark, 1 line, line ends LF."),
        (b"f\xfcr\n", "Text that is not UTF-8, read here as windows-1252, which is a guess, 1 line, line ends LF."),
    ],
)
def test_encoding_and_line_ends_are_named(content: bytes, fact: str) -> None:
    found = decode(content)
    assert found is not None
    assert found.facts()[0] == fact


def test_what_a_page_cannot_read_as_it_does_others_is_said() -> None:
    found = decode("a\n".encode("utf-16"))
    assert found is not None
    assert found.facts()[1].endswith("TextDecoder's label for this file is 'utf-16le'.")
    stray = decode(b"a,b\x0e1,2\x0e3,4\x01")
    assert stray is not None
    assert stray.facts()[1] == "It holds control characters: U+0001 (1 time), U+000E (2 times)."


def test_only_a_known_charset_other_than_utf_8_is_kept_of_a_media_type() -> None:
    assert with_charset("text/csv", "text/csv;charset=UTF-16LE;base64") == "text/csv; charset=utf-16le"
    assert with_charset("text/csv", "charset=utf-8") == "text/csv"
    assert with_charset("text/csv", "charset=hex") == "text/csv"
    assert declared("charset=" + "x" * 1_000) == ""
