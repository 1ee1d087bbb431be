"""Two hundred files of the kinds that a brief may attach, each with what it holds. They are the same each time."""

from __future__ import annotations

import base64
import gzip
import io
import itertools
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import openpyxl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file as it is attached. `holds` is what a page must show of it: {header, rows}, {rows}, {data} or {text}.

    Of a file that no page can read it is {said}: a text that prompt and warning must hold.
    """

    name: str
    content: bytes
    holds: dict[str, Any]
    media_type: str = ""


WORDS = {
    "utf-8": [["Name", "Größe"], ["Zoë", "1"], ["Łukasz", "2"], ["北京", "3"]],
    "cp1252": [["Straße", "Preis in €"], ["Müller, Köln", "1"], ["Größe", "2"], ["Übung für Schüler", "3"]],
    "cp1250": [["miasto", "kwota"], ["Łódź", "1"], ["Kraków", "2"], ["Gdańsk", "3"], ["Świdnica", "4"], ["Żory", "5"]],
    "cp1251": [["город", "население"], ["Москва", "1"], ["Казань", "2"], ["Новосибирск", "3"]],
    "cp932": [["都市", "人口"], ["東京", "1"], ["大阪", "2"], ["ひらがな", "3"], ["カタカナ", "4"]],
    "gb18030": [["城市", "人口"], ["北京", "1"], ["上海", "2"], ["广州", "3"]],
    "big5": [["城市", "人口"], ["臺北", "1"], ["高雄", "2"], ["臺中", "3"]],
    "cp949": [["도시", "인구"], ["서울", "1"], ["부산", "2"], ["대구", "3"]],
    "cp1253": [["πόλη", "πληθυσμός"], ["Αθήνα", "1"], ["Πάτρα", "2"], ["Θεσσαλονίκη", "3"]],
    "cp1254": [["şehir", "nüfus"], ["İstanbul", "1"], ["Iğdır", "2"], ["Muğla", "3"], ["Şırnak", "4"]],  # noqa: RUF001
    "cp1255": [["עיר", "אוכלוסייה"], ["ירושלים", "1"], ["חיפה", "2"]],
    "cp1256": [["مدينة", "سكان"], ["القاهرة", "1"], ["دبي", "2"]],
}
#: The words of an encoding, and the labels under which it may be declared.
GUESSED = (
    ("cp1252", "cp1252"), ("cp1250", "cp1250"), ("iso8859-2", "cp1250"), ("cp1251", "cp1251"), ("koi8-r", "cp1251"),
    ("cp866", "cp1251"), ("cp932", "cp932"), ("gb18030", "gb18030"), ("big5", "big5"), ("cp949", "cp949"),
    ("cp1253", "cp1253"), ("cp1254", "cp1254"), ("cp1255", "cp1255"), ("cp1256", "cp1256"),
    ("utf-16-le", "utf-8"), ("utf-16-be", "utf-8"), ("utf-16", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-8", "utf-8"),
)  # fmt: skip
DECLARED = (
    ("cp1252", "latin1"),
    ("cp1252", "ISO-8859-1"),
    ("cp1250", "windows-1250"),
    ("iso8859-2", "ISO-8859-2"),
    ("cp1251", "windows-1251"),
    ("koi8-r", "KOI8-R"),
    ("cp932", "Shift_JIS"),
    ("euc_jp", "EUC-JP"),
    ("gbk", "GB2312"),
    ("gb18030", "gb18030"),
    ("big5", "Big5"),
    ("cp949", "EUC-KR"),
    ("cp1253", "windows-1253"),
    ("utf-16-le", "UTF-16LE"),
    ("utf-16-be", "UTF-16BE"),
)
_ALSO = {"iso8859-2": "cp1250", "koi8-r": "cp1251", "euc_jp": "cp932", "gbk": "gb18030"}
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_ENDS = {"lf": ["\n"], "crlf": ["\r\n"], "cr": ["\r"], "mixed": ["\r\n", "\n", "\r"]}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)


def generated_files() -> list[GeneratedFile]:
    """Return the files. Their names differ."""
    return [*_encodings(), *_shapes(), *_odd_tables(), *_json(), *_texts(), *_binaries()]


def _table(rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    return {"header": list(rows[0]), "rows": [list(row) for row in rows[1:]]}


def _lines(rows: Sequence[Sequence[str]], separator: str = ",", ends: Sequence[str] = ("\n",)) -> str:
    """Return rows as a table in text form. A field is quoted where it must be."""
    written = []
    for row, end in zip(rows, itertools.cycle(ends)):
        fields = [
            '"' + cell.replace('"', '""') + '"' if {separator, '"', "\n", "\r"} & set(cell) else cell for cell in row
        ]
        written.append(separator.join(fields) + end)
    return "".join(written)


def _encodings() -> Iterator[GeneratedFile]:
    for codec, words in GUESSED:
        rows = WORDS[words]
        for end, media_type in (("\n", "text/csv"), ("\r\n", "")):
            text = _lines(rows, ";", [end])
            name = f"guess-{codec}-{'crlf' if end != chr(10) else 'lf'}.csv"
            yield GeneratedFile(name, text.encode(codec), _table(rows), media_type)
    for codec, label in DECLARED:
        rows = WORDS.get(codec) or WORDS[_ALSO.get(codec, "utf-8")]
        media_type = f"text/csv; charset={label}"
        yield GeneratedFile(f"declared-{label}.csv", _lines(rows).encode(codec), _table(rows), media_type)


def _shapes() -> Iterator[GeneratedFile]:
    for (sign, separator), (end, ends) in itertools.product(_SEPARATORS.items(), _ENDS.items()):
        kinds = {
            "bare": [["id", "n"], ["a", "1"], ["b", "2"], ["c", "3"]],
            "quoted": [[f"Last{separator} First", "n"], [f"Doe{separator} J", "1"], ['say "hi"', "2"], ["x", "3"]],
            "lines": [["id", "text"], ["a", "one\ntwo"], ["b", "three"], ["c", ""]],
        }
        for kind, rows in kinds.items():
            content = _lines(rows, separator, ends).encode()
            yield GeneratedFile(f"{kind}-{sign}-{end}.csv", content, _table(rows), "text/csv")


def _odd_tables() -> Iterator[GeneratedFile]:
    rows = [["Product", "Sales"], ["A", "1000"], ["B", "500"]]
    for (sign, separator), end in itertools.product(_SEPARATORS.items(), ("\n", "\r\n")):
        text = f"sep={separator}{end}{_lines(rows, separator, [end])}"
        yield GeneratedFile(f"sep-{sign}-{len(end)}.csv", text.encode(), _table(rows), "text/csv")
    for number, sign in enumerate(("\x0e", "\x0b", "\x1e", "\u2028", "\\n", "\\r\\n")):
        text = sign.join(",".join(row) for row in rows)
        yield GeneratedFile(f"lost-ends-{number}.csv", text.encode(), _table(rows), "text/csv")
    odd: dict[str, tuple[str, Any]] = {
        "blank-header": (",b,\n1,2,3\n4,5,6\n", _table([["", "b", ""], ["1", "2", "3"], ["4", "5", "6"]])),
        "same-names": ("a,a\n1,2\n", _table([["a", "a"], ["1", "2"]])),
        "no-header": ("Oslo,5\nBergen,6\n", {"rows": [["Oslo", "5"], ["Bergen", "6"]]}),
        "title": ("Sales 2024\nProduct,Sales\nA,1000\nB,500\n", _table(rows)),
        "title-blank": ("Sales 2024\n\nProduct,Sales\nA,1000\nB,500\n", _table(rows)),
        "comments": ("# made by hand\nProduct,Sales\nA,1000\n# half\nB,500\n", _table(rows)),
        "blank-lines": ("\nProduct,Sales\n\nA,1000\n\nB,500\n\n", _table(rows)),
        "ragged": (
            "a,b,c\n1,2\n3,4,5,6\n7,8,9\n",
            _table([["a", "b", "c"], ["1", "2"], ["3", "4", "5", "6"], ["7", "8", "9"]]),
        ),
        "gaps": (
            'Product, "Sales, net"\nA, "1,000"\nB, "5"\n',
            _table([["Product", "Sales, net"], ["A", "1,000"], ["B", "5"]]),
        ),
        "no-last-end": ("Product,Sales\r\nA,1000\r\nB,500", _table(rows)),
        "one-column": ("id\r\n1\r\n2\r\n", _table([["id"], ["1"], ["2"]])),
        "decimal-comma": ("id;price\r\na;1,5\r\nb;2,25\r\n", _table([["id", "price"], ["a", "1,5"], ["b", "2,25"]])),
        "thousands": ("id;price\na;1.200,50\nb;3,00\n", _table([["id", "price"], ["a", "1.200,50"], ["b", "3,00"]])),
        "bom-quoted": ('\ufeff"a","b, c"\n"1","2"\n', _table([["a", "b, c"], ["1", "2"]])),
        "empty-crlf": ("Product,Sales\r\n", _table(rows[:1])),
        "empty-lf": ("Product,Sales\n", {"said": "without rows"}),
        "only-blanks": (" \n,\n", {"said": "without a header and rows"}),
        "open-quote": ('a,b\n1,"x\n2,y\n', {"said": "quotation mark"}),
        "blanks-for-ends": ("a,b 1,2 3,4", {"said": "line ends may have been lost"}),
    }
    for name, (text, holds) in odd.items():
        yield GeneratedFile(f"table-{name}.csv", text.encode(), holds, "text/csv")
    plain = _lines(rows, ";", ["\r\n"]).encode()
    for name, media_type in (
        ("excel.csv", "application/vnd.ms-excel"),
        ("stream.csv", "application/octet-stream"),
        ("text.csv", "text/plain"),
        ("wrong.csv", "image/png"),
        ("tabs.xls", "application/vnd.ms-excel"),
        ("my table #1.csv", "text/csv"),
    ):
        yield GeneratedFile(name, plain, _table(rows), media_type)
    long = [["id", "text"], *([str(at), f"row {at}; {at * 7}"] for at in range(20_000))]
    yield GeneratedFile("long.csv", _lines(long, ";", ["\r\n"]).encode(), _table(long), "text/csv")
    yield GeneratedFile(
        "table.txt", b"a|b\r\n1|2\r\n3|4\r\n", _table([["a", "b"], ["1", "2"], ["3", "4"]]), "text/plain"
    )


def _json() -> Iterator[GeneratedFile]:
    value = [{"id": 1, "name": "Zoë", "v": 1.5}, {"id": 2, "name": "it's // no comment, /* nor this */", "v": None}]
    plain, pretty = (json.dumps(value, ensure_ascii=False, indent=indent) for indent in (None, 2))
    lines = [json.dumps(one) for one in value]
    texts: dict[str, tuple[str | bytes, Any]] = {
        "plain.json": (plain, {"data": value}),
        "pretty-crlf.json": (pretty.replace("\n", "\r\n"), {"data": value}),
        "bom.json": ("\ufeff" + plain, {"data": value}),
        "utf16.json": (plain.encode("utf-16"), {"data": value}),
        "latin.json": (plain.encode("cp1252"), {"data": value}),
        "nan.json": (
            '[{"v": 1.5}, {"v": NaN}, {"v": -Infinity}, {"v": "NaN"}]',
            {"data": [{"v": 1.5}, {"v": None}, {"v": None}, {"v": "NaN"}]},
        ),
        "line-comments.json": ("// made by hand\n" + pretty.replace("\n", " // why\n"), {"data": value}),
        "block-comments.json": ("/* made\n * by hand */" + plain, {"data": value}),
        "hanging-commas.json": (plain.replace("}", ",}").replace("]", ", ]"), {"data": value}),
        "single-quotes.json": ("{'a': 'x', 'b': [1, 2]}", {"data": {"a": "x", "b": [1, 2]}}),
        "bare-keys.json": ('{a: 1, b_2: {c: "d: e"}}', {"data": {"a": 1, "b_2": {"c": "d: e"}}}),
        "python.json": ("{'a': None, 'b': True, 'c': False}", {"data": {"a": None, "b": True, "c": False}}),
        "all-at-once.json": ("// x\n{a: 1, 'b': [NaN, True,],}", {"data": {"a": 1, "b": [None, True]}}),
        "big-numbers.json": (
            '[{"id": 12345678901234567890}, {"id": 7}]',
            {"data": [{"id": "12345678901234567890"}, {"id": 7}]},
        ),
        "same-keys.json": ('{"a": 1, "b": 2, "a": 3}', {"data": {"a": 3, "b": 2}}),
        "rows.jsonl": ("\n".join(lines) + "\n", {"data": value}),
        "rows-crlf.jsonl": ("\r\n".join(lines), {"data": value}),
        "rows-blank.ndjson": ("\n\n".join(lines) + "\n\n", {"data": value}),
        "rows-called.json": ("\n".join(lines) + "\n", {"data": value}),
        "no-ends.json": ("".join(lines), {"data": value}),
        "pretty-rows.jsonl": ("\n".join(json.dumps(one, indent=2) for one in value), {"data": value}),
        "records.json": ("".join(f"\x1e{line}\n" for line in lines), {"data": value}),
        "comma-lines.json": ("".join(f"{line},\n" for line in lines), {"data": value}),
        "json-in.txt": (plain, {"data": value}),
        "json-in.csv": (plain, {"data": value}),
        "map.geojson": (
            '{"type": "FeatureCollection", "features": []}',
            {"data": {"type": "FeatureCollection", "features": []}},
        ),
        "numbers.json": ("[1e3, 0.1, 1E-7, 2.50, -0.0, 1e15]", {"data": [1000, 0.1, 1e-7, 2.5, 0, 1e15]}),
        "cut-off.json": (plain[:40], {"said": "may be cut off"}),
        "empty.json": ("", {"said": "is empty"}),
        "page.json": ("<!doctype html><p>Not found", {"said": "an HTML page"}),
        "script.json": ("var data = [1, 2];", {"said": "a script that holds the data"}),
        "many.json": (
            json.dumps([{"id": at, "v": at / 4} for at in range(5_000)]).replace("}, {", "},{") + " // end",
            {"data": [{"id": at, "v": at / 4} for at in range(5_000)]},
        ),
    }
    for name, (text, holds) in texts.items():
        yield GeneratedFile(name, text if isinstance(text, bytes) else text.encode(), holds, "application/json")


def _texts() -> Iterator[GeneratedFile]:
    prose = "Die Straße führt über den Fluss.\nGrüße aus Köln und Zürich!\n"
    for codec in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        yield GeneratedFile(f"prose-{codec}.txt", prose.encode(codec), {"text": prose}, "text/plain")
    yield GeneratedFile(
        "notes.md", f"# Title\n\n{prose}".encode("cp1252"), {"text": f"# Title\n\n{prose}"}, "text/markdown"
    )
    yield GeneratedFile(
        "cut.txt",
        prose.encode()[: prose.encode().index("ü".encode()) + 1],
        {"said": "that are not valid UTF-8"},
        "text/plain",
    )
    yield GeneratedFile("wide.txt", prose.encode("utf-32"), {"said": "no browser decodes"}, "text/plain")
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>ä</text></svg>'
    yield GeneratedFile("drawing.svg", svg.encode(), {"text": svg}, "image/svg+xml")


def _binaries() -> Iterator[GeneratedFile]:
    book = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append(["a", "b"])
    workbook.save(book)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    page = b"<!doctype html><title>404</title>"
    files: dict[str, tuple[bytes, str, str]] = {
        "logo.png": (PIXEL, "image/png", "A picture: PNG, 3 x 2 pixels."),
        "photo.jpg": (PIXEL, "image/jpeg", "is called .jpg, but it is image/png"),
        "logo.csv": (PIXEL, "text/csv", "is called .csv, but it is image/png"),
        "page.png": (page, "image/png", "is called .png, but it is an HTML page"),
        "page.csv": (page, "text/csv", "is called .csv, but it is an HTML page"),
        "page.xlsx": (page, "application/vnd.ms-excel", "is called .xlsx, but it is an HTML page"),
        "page.pdf": (page, "application/pdf", "is called .pdf, but it is an HTML page"),
        "paper.pdf": (b"%PDF-1.7\n\0", "application/pdf", "application/pdf"),
        "paper.csv": (b"%PDF-1.7\n\0", "text/csv", "is called .csv, but it is application/pdf"),
        "rows.csv.gz": (gzip.compress(b"a,b\n1,2\n", mtime=0), "application/gzip", "application/gzip"),
        "letter.zip": (packed.getvalue(), "application/zip", "binary file"),
        "data.sqlite": (b"SQLite format 3\0" + bytes(84), "", "application/x-sqlite3"),
        "code.wasm": (b"\0asm\1\0\0\0", "", "application/wasm"),
        "sound.ogg": (b"OggS" + bytes(40), "", "audio/ogg"),
        "book.xlsx": (book.getvalue(), "application/octet-stream", "A workbook."),
        "book.csv": (book.getvalue(), "text/csv", "is called .csv, but it is a workbook"),
        "broken.png": (b"\x89PNG\0" * 40, "image/png", "its bytes are nothing of that kind"),
        "nothing.csv": (b"", "text/csv", "is empty"),
    }
    for name, (content, media_type, said) in files.items():
        yield GeneratedFile(name, content, {"said": said}, media_type)
