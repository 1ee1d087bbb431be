from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generated_files import PIXEL
from engine.domain.brief import AttachedFile
from engine.formats.tables import read_table
from engine.inputs import file_formats
from engine.inputs.attachments import describe, fault

if TYPE_CHECKING:
    from engine.formats.tables import Table


def described(name: str, content: bytes, media_type: str = "") -> list[str]:
    return describe(AttachedFile(name, media_type, content)).splitlines()


def test_a_small_table_is_described_by_facts_and_shown_whole() -> None:
    content = b'\xef\xbb\xbfregion;price;sold\r\n"a;b";$1,200.50;3\r\nc;$80;4.5\r\n\r\n'
    assert described("sales.csv", content, "text/csv") == [
        f"sales.csv (text/csv, {len(content)} bytes)",
        "Text in UTF-8 with a byte order mark, 4 lines, line ends CRLF.",
        "Table: separator ';', header in line 1, 2 rows below it, 3 columns.",
        "Not counted as rows: 1 blank line.",
        "Some fields are quoted; 1 holds the separator.",
        "Columns:",
        '- region: text, 2 different: "a;b", "c"',
        "- price: number with $ and a comma between thousands and a decimal point, $80 to $1,200.50",
        "- sold: number, 3 to 4.5",
        "The whole file:",
        "region;price;sold",
        '"a;b";$1,200.50;3',
        "c;$80;4.5",
    ]


def test_no_code_is_advised_and_nothing_is_summed_up() -> None:
    for name, content in (("a.csv", b"a,b\n1,2\n3,4\n"), ("a.json", b'[{"a": 3}, {"a": 4}]'), ("a.png", PIXEL)):
        text = describe(AttachedFile(name, "", content))
        assert not [word for word in ("split(", "fetch(", "=>", "<img", "sum", "otal") if word in text]


@pytest.mark.parametrize(
    ("name", "media_type", "content", "line"),
    [
        ("a.csv", "application/vnd.ms-excel", b"product,sales\nA,100\n", "Table: separator ','"),
        ("a.csv", "text/csv", "Name\tSum\r\n\u00c4\t1\r\n".encode("utf-16"), "Table: separator '\\t'"),
        ("a.csv", "text/csv", b"sep=;\r\nName;Amount\r\nA;1\r\n", "Table: separator ';', header in line 2"),
        ("a.csv", "text/csv", b"Name,Amount\rA,1\rB,2\r", "Table: separator ',', header in line 1, 2 rows below it"),
        ("report.xls", "application/vnd.ms-excel", b"a\tb\n1\t2\n", "Table: separator '\\t'"),
        ("table.txt", "text/plain", b"a|b\n1|2\n3|4\n", "Table: separator '|'"),
        ("a.csv", "text/csv", b'[{"a": 1}]', "JSON: [1 of {a: number}]"),
        ("data", "text/plain", b'{"a": 1}', "JSON: {a: number}"),
        ("data", "application/json", b"[1, 2]", "JSON: [2 of number]"),
        ("a.jsonl", "", b'{"a": 1}\n{"a": 2}\n', "JSON Lines: 2 lines"),
        ("a.json", "application/json", b'{"a": 1}\n{"a": 2}\n', "It is called JSON, but it is JSON Lines: 2 lines"),
        ("a.json", "application/json", b'[{"v": NaN}]', "It holds NaN or Infinity 1 time, first in line 1, column 8."),
        (
            "a.json",
            "application/json",
            b"{'a': 1}",
            "It does not parse as JSON: line 1, column 2 has a single quotation mark",
        ),
        ("a.csv", "text/csv", b"<html><p>404</p>", "It is called .csv, but it is an HTML page."),
        ("a", "text/csv", b"<html><p>404</p>", "It is called a table, but it is an HTML page."),
    ],
)
def test_the_bytes_decide_what_a_text_is(name: str, media_type: str, content: bytes, line: str) -> None:
    assert any(one.startswith(line) for one in described(name, content, media_type))


def test_text_that_is_no_data_is_shown_without_more_facts() -> None:
    assert described("run.py", b"import os\nprint(1, 2)\n", "text/x-python") == [
        "run.py (text/x-python, 22 bytes)",
        "Text in UTF-8, 2 lines, line ends LF.",
        "The whole file:",
        "import os",
        "print(1, 2)",
    ]


def test_a_file_of_eight_thousand_characters_is_shown_whole_and_a_larger_one_by_both_ends() -> None:
    small, large = ("".join(f"{number},{number * 7}\n" for number in range(count)) for count in (700, 9_000))
    assert describe(AttachedFile("a.csv", "text/csv", small.encode())).endswith(f"The whole file:\n{small.rstrip()}")
    description = describe(AttachedFile("a.csv", "text/csv", large.encode()))
    assert "\nThe first " in description
    assert " lines left out here]\nThe last " in description
    assert description.endswith("8999,62993")


def test_large_json_is_shown_by_the_first_and_last_entries_of_its_longest_list_with_how_many_there_are() -> None:
    entries = [{"val": number * 7, "fy": 2000 + number % 20} for number in range(1_000)]
    content = json.dumps({"name": "Acme", "units": {"shares": entries}}).encode()
    lines = described("a.json", content)
    assert "Fields of the 1,000 entries of units.shares:" in lines
    at = lines.index('Its single values: name "Acme".')
    first = int(lines[at + 2].removeprefix("The first ").removesuffix(":"))
    last = int(lines[at + first + 4].removeprefix("The last ").removesuffix(":"))
    assert lines[at + 1] == f"Of its 1,000 entries of units.shares the first {first} and the last {last} are shown."
    assert lines[at + first + 3] == f"[{1_000 - first - last} left out here]"
    shown = [json.loads(line) for line in lines if line.startswith("{")]
    assert shown == [*entries[:first], *entries[-last:]]
    assert min(first, last) > 5


def test_a_few_long_entries_are_shown_whole_or_cut_and_each_once() -> None:
    content = json.dumps([{"text": "x" * 3_000, "n": number} for number in range(3)]).encode()
    lines = described("a.json", content)
    assert [line.partition(":")[0] for line in lines if "entries" in line] == [
        "Fields of the 3 entries",
        "All of its 3 entries",
    ]
    assert sum(line.startswith('{"text"') for line in lines) == 3


@pytest.mark.slow
def test_a_large_file_is_read_once_for_all_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counting(text: str) -> Table | None:
        read.append(text)
        return read_table(text)

    monkeypatch.setattr(file_formats, "read_table", counting)
    large = AttachedFile("once.csv", "text/csv", b"a,b\n" + b"1,2\n" * 100_000)
    assert describe(large) == describe(replace(large, content=bytes(bytearray(large.content))))
    assert len(read) == 1
    describe(replace(large, content=large.content + b"3,4\n"))
    assert len(read) == 2


@pytest.mark.slow
def test_a_file_that_a_page_should_not_read_says_so() -> None:
    said = "It is large for a page to read: where it can, the page reads a smaller file that is computed from it."
    assert said in described("a.csv", b"a,b\n" + b"1,2\n" * 500_000)
    assert said not in described("a.csv", b"a,b\n" + b"1,2\n" * 400_000)


def test_content_that_was_shown_before_is_not_shown_again() -> None:
    table = AttachedFile(
        "a.csv", "text/csv", b"region,amount\nnorth,17\n", note="Fetched from there.\nIts first row: north."
    )
    assert describe(table, shown_before=True).splitlines() == [
        "a.csv (text/csv, 23 bytes)",
        "Fetched from there.",
        "Text in UTF-8, 2 lines, line ends LF.",
        "Table: separator ',', header in line 1, 1 row below it, 2 columns.",
        "Columns: region, amount.",
    ]
    data = AttachedFile("a.json", "application/json", b'[{"secret": "swordfish"}]')
    assert describe(data, shown_before=True).splitlines()[1:] == [
        "Text in UTF-8, 1 line.",
        "JSON: [1 of {secret: text}]",
    ]
    prose = AttachedFile("a.md", "text/markdown", b"# Title\n" + b"word\n" * 5_000)
    assert describe(prose, shown_before=True).splitlines()[1:] == ["Text in UTF-8, 5,001 lines, line ends LF."]


@pytest.mark.parametrize("room", [0, 50, 400, 2_000, 9_000])
def test_a_description_keeps_within_its_room_but_for_its_first_line(room: int) -> None:
    content = "".join(f"{number},{number * 7},some words\n" for number in range(350)).encode()
    description = describe(AttachedFile("a.csv", "text/csv", content), room=room)
    assert description.startswith("a.csv (text/csv, ")
    assert len(description) <= max(room, 40) + 40


def test_a_name_that_an_address_spells_otherwise_comes_with_its_address() -> None:
    assert "Its address, relative to the page: my%20data%20%231.txt" in described("my data #1.txt", b"x\n")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\x89PNG\x00" * 400, "A binary file."),
        (b"%PDF-1.7\n\x00", "A binary file: application/pdf."),
        (b"PK\x03\x04\0", "A binary file: application/zip."),
        (b"\0asm\1", "A binary file: application/wasm."),
    ],
)
def test_a_binary_file_is_type_and_size_only(content: bytes, line: str) -> None:
    assert described("some.bin", content) == [f"some.bin ({len(content):,} bytes)", line]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"a,b\n1,2\n", ""),
        (
            "a.csv",
            b"Product,Sales\x0eA,1000\x0eB,500",
            "a.csv is a table whose line ends were lost: U+000E stands in their place.",
        ),
        ("a.csv", b"\n\n", "a.csv is a table without a header and rows."),
        ("a.csv", b"", "a.csv is empty."),
        (
            "a.json",
            b"{",
            "a.json does not parse as JSON: line 1, column 2 has the end of the file, so it may be cut off.",
        ),
        ("a.png", b"\x89PNG\x00" * 400, "a.png is called .png, but its bytes are nothing of that kind."),
        ("a.png", PIXEL, ""),
        ("a.jpg", PIXEL, "a.jpg is called .jpg, but it is image/png."),
        ("a.png", b"<!doctype html><p>404", "a.png is called .png, but it is an HTML page."),
        ("a.pdf", b"<html>Log in", "a.pdf is called .pdf, but it is an HTML page."),
        ("a.csv", PIXEL, "a.csv is called .csv, but it is image/png."),
        ("a.csv", b"%PDF-1.7\n\0", "a.csv is called .csv, but it is application/pdf."),
        ("a.csv", b"PK\3\4 xl/workbook.xml\0", "a.csv is called .csv, but it is a workbook."),
        ("a.csv", b'[{"a": 1}]', "a.csv is called .csv, but it is JSON."),
        ("a.xlsx", b"a,b\n1,2\n", "a.xlsx is called .xlsx, but it is text."),
        (
            "a.json",
            b"<html>",
            (
                "a.json is called .json, but it is an HTML page; it does not parse as JSON: line 1, column 1 has "
                'markup ("<html>").'
            ),
        ),
        (
            "a.csv",
            "Stra\u00dfe,Ort\nK\u00f6lner,1\n".encode("cp1252"),
            "a.csv is not UTF-8 and names no charset; it was read as windows-1252, which is a guess.",
        ),
        ("a.svg", b"<svg xmlns='x'/>", ""),
        ("a.csv", b"<html>Log in", "a.csv is called .csv, but it is an HTML page."),
        ("a.csv", b"<!-- saved -->\n<html>Log in", "a.csv is called .csv, but it is an HTML page."),
        ("a.csv", b'{"a": 1}\n{"a": 2}\n', "a.csv is called .csv, but it is JSON."),
        ("a.jsonl", b"<html>", "a.jsonl is called .jsonl, but it is an HTML page."),
        ("a.pdf", b"%PDF-1.4\n1 0 obj\n", ""),
        ("a.csv", b"%PDF-1.4\n1 0 obj\n", "a.csv is called .csv, but it is application/pdf."),
        ("a.txt", b"BM,price\n1,2\n", ""),
        ("notes", b"a note", ""),
    ],
)
def test_a_file_that_its_sender_must_look_at_has_a_fault(name: str, content: bytes, sentence: str) -> None:
    assert fault(AttachedFile(name, "", content)) == sentence


ICON = b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0h\4\0\0\x16\0\0\0" + b"\0" * 50


@pytest.mark.parametrize(
    ("media_type", "content", "is_now"),
    [
        ("image/jpg", b"\xff\xd8\xff\xe0" + b"\0" * 50, ""),
        ("image/pjpeg; q=1", b"\xff\xd8\xff\xe0" + b"\0" * 50, ""),
        ("IMAGE/PNG", PIXEL, ""),
        ("image/x-icon", ICON, ""),
        ("image/x-icon", PIXEL, "but it is image/png"),
        ("image/jpg", PIXEL, "but it is image/png"),
        ("image/x-ms-bmp", b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0" + b"\0" * 60, ""),
        ("image/heif", b"\0\0\0\x18ftypheic" + b"\0" * 40, ""),
        ("image/x-portable-pixmap", b"P3\n1 1\n255\n0 0 0\n", ""),
        ("image/x-portable-pixmap", b"P6 1 1 255\n\0\0\0", ""),
        ("image/svg+xml; charset=utf-8", b"<svg xmlns='x'/>", ""),
        ("image/svg+xml", b"\0\1\2\3", "but its bytes are nothing of that kind"),
        ("image/jpg", b"\0\1\2\3", "but its bytes are nothing of that kind"),
        ("image/jpg", b"some words\n", "but it is text"),
        ("image/x-portable-pixmap", b"<html>404", "but it is an HTML page"),
    ],
)
def test_a_picture_may_have_any_name_of_its_type(media_type: str, content: bytes, is_now: str) -> None:
    called = f"photo is called {media_type.partition(';')[0]}, {is_now}."
    assert fault(AttachedFile("photo", media_type, content)) == (called if is_now else "")


def test_one_sentence_says_what_a_file_is_called() -> None:
    lines = described("d.csv", b"<!-- saved -->\n<html>\n<p>404")
    assert [line for line in lines if "called" in line] == ["It is called .csv, but it is an HTML page."]
    assert not any(line.startswith("Table") for line in lines)
    lines = described("d.csv", b'{"a": 1}\n{"a": 2}\n')
    assert [line for line in lines if "called" in line] == ["It is called .csv, but it is JSON."]
    assert "JSON Lines: 2 lines" in "\n".join(lines)


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
    description = describe(AttachedFile("my logo.bin", "application/octet-stream", content)).splitlines()
    assert description[1:] == ["Its address, relative to the page: my%20logo.bin", line]


def test_characters_that_no_database_takes_are_replaced_where_json_is_described() -> None:
    lines = described("a.json", b'[{"a\\u0000b": "\\ud800"}, {"\\uDFFF": 1, "\\uDFFF": 2}]')
    assert "JSON: [2 of {a\ufffdb: text}]" in lines
    assert '- ["a\ufffdb"]: text, always "?"; missing in 1' in lines
    assert 'It has an object with two keys "?", of which JSON.parse keeps the last.' in lines
    assert "\0" not in "".join(lines)


def test_markdown_is_outlined_only_where_it_is_not_shown_whole() -> None:
    text = "# Title #\n\ntext\n\n```\n# a comment\n```\n## Part *one*\n#no heading\n"
    assert "Its headings:" not in described("input.md", text.encode(), "text/markdown")
    lines = described("input.md", (text + "word\n" * 5_000).encode(), "text/markdown")
    assert lines[2:5] == ["Its headings:", "Title", "  Part *one*"]
    assert lines[5:7] == ["Of its 5,009 lines the first 326 and the last 110 are shown.", "The first 326 lines:"]
    many = described("a.md", b"# x\n" * 5_000)
    assert many[43] == "and 4,960 more"


def test_a_note_stands_below_the_name_and_a_workbook_is_its_note() -> None:
    noted = AttachedFile("a.json", "application/json", b"[1]", note="Fetched.")
    assert describe(noted).splitlines()[1:4] == ["Fetched.", "Text in UTF-8, 1 line.", "JSON: [1 of number]"]
    book = AttachedFile("a.xlsx", "", b"PK\0", note="A workbook.\nSheet 'a'.")
    assert describe(book) == "a.xlsx (3 bytes)\nA workbook.\nSheet 'a'."
    assert describe(AttachedFile("a.xlsx", "", b"PK\0")) == "a.xlsx (3 bytes)\nA workbook."
    assert describe(book, shown_before=True) == "a.xlsx (3 bytes)\nA workbook."


@given(
    st.binary(max_size=2_000) | st.text(max_size=2_000).map(str.encode),
    st.sampled_from(["a.csv", "a.json", "a.md", "a.bin", "a.xls", "a.jsonl", "a"]),
    st.sampled_from(["text/plain", "text/csv", "image/png"]),
)
def test_any_file_is_described_within_bounds(content: bytes, name: str, media_type: str) -> None:
    description = describe(AttachedFile(name, media_type, content))
    assert description.startswith(f"{name} ({media_type}, ")
    assert len(description) <= 9_040
    fault(AttachedFile(name, media_type, content))
