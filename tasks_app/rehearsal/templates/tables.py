"""Generated files that hold tables: CSV, JSON and workbooks."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal
from xml.sax.saxutils import escape, quoteattr

from pydantic import Field

from tasks_app.rehearsal.templates.columns import SALES, ColumnSpecs, fixed_values, table
from tasks_app.rehearsal.templates.generated import FileSpec, GeneratedFile, StrictModel, Value
from tasks_app.rehearsal.templates.words import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks_app.rehearsal.templates.draws import SeededDraws

Rows = Annotated[int, Field(ge=1, le=2_000)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class CsvSpec(FileSpec):
    kind: Literal["csv"]
    columns: ColumnSpecs = SALES
    rows: Rows = 12

    def generate(self, draws: SeededDraws) -> GeneratedFile:
        columns = table(self.columns, self.rows, draws)
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return GeneratedFile(text.getvalue().encode(), "text/csv", {"": columns})

    def fixed_values(self, sheet: str, column: str) -> Sequence[Value]:
        return fixed_values(self.columns, self.rows, column)


class JsonSpec(FileSpec):
    """`rates`: currencies and their rates to one US dollar. `records`: a list of objects. `quiz`: questions."""

    kind: Literal["json"]
    shape: Literal["rates", "records", "quiz"] = "rates"
    columns: ColumnSpecs = SALES  # of `records`
    rows: Rows = 12  # of `records` and `quiz`

    def generate(self, draws: SeededDraws) -> GeneratedFile:
        match self.shape:
            case "rates":
                columns: dict[str, list[Value]] = {"currency": list(CURRENCIES), "rate": _rates(draws)}
                content: object = dict(zip(columns["currency"], columns["rate"], strict=True))
            case "records":
                columns = table(self.columns, self.rows, draws)
                content = _records(columns)
            case _:
                columns, content = _quiz(self.rows, draws)
        text = json.dumps(content, ensure_ascii=False, indent=2, default=float)
        return GeneratedFile(f"{text}\n".encode(), "application/json", {"": columns})

    def fixed_values(self, sheet: str, column: str) -> Sequence[Value]:
        if self.shape == "records":
            return fixed_values(self.columns, self.rows, column)
        if self.shape == "quiz":
            return range(1, self.rows + 1) if column == "id" else ()
        return CURRENCIES if column == "currency" else ()


def _rates(draws: SeededDraws) -> list[Value]:
    """Return a rate with four decimals for each currency; the first is 1."""
    return [1, *(Decimal(draws.between(5_001, 999_999)).scaleb(-4) for _ in CURRENCIES[1:])]


def _records(columns: Mapping[str, Sequence[Value]]) -> list[dict[str, Value]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _quiz(count: int, draws: SeededDraws) -> tuple[dict[str, list[Value]], dict[str, object]]:
    """Return the columns id, question and answer, and the file: each question has four options, one of them right."""
    columns: dict[str, list[Value]] = {"id": [], "question": [], "answer": []}
    questions = []
    for number in range(1, count + 1):
        left, right = draws.between(2, 30), draws.between(2, 30)
        question, answer = f"What is {left} + {right}?", left + right
        offsets = draws.shuffled([-10, -2, -1, 1, 2, 10])[:3]
        options = draws.shuffled([str(answer), *(str(answer + offset) for offset in offsets)])
        questions.append({"id": number, "question": question, "options": options, "answer": str(answer)})
        for name, value in (("id", number), ("question", question), ("answer", str(answer))):
            columns[name].append(value)
    return columns, {"questions": questions}


class SheetSpec(StrictModel):
    columns: ColumnSpecs = SALES
    rows: Rows = 12


SheetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,30}$")]


class WorkbookSpec(FileSpec):
    kind: Literal["workbook"]
    sheets: Annotated[dict[SheetName, SheetSpec], Field(min_length=1, max_length=10)] = {"Sales": SheetSpec()}

    def generate(self, draws: SeededDraws) -> GeneratedFile:
        tables = {name: table(sheet.columns, sheet.rows, draws) for name, sheet in self.sheets.items()}
        return GeneratedFile(_workbook(tables), XLSX, tables)

    def fixed_values(self, sheet: str, column: str) -> Sequence[Value]:
        spec = self.sheets[sheet or next(iter(self.sheets))]
        return fixed_values(spec.columns, spec.rows, column)


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_FORMAT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _workbook(tables: Mapping[str, Mapping[str, Sequence[Value]]]) -> bytes:
    """Write an .xlsx without compression, whose result would differ between versions of zlib."""
    numbers = range(1, len(tables) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_FORMAT}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_FORMAT}.worksheet+xml"/>'
            for number in numbers
        )
        + "</Types>",
        "_rels/.rels": _relationships([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(
            f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
            for number, name in zip(numbers, tables, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relationships(
            [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
        ),
        **{
            f"xl/worksheets/sheet{number}.xml": _sheet(columns)
            for number, columns in zip(numbers, tables.values(), strict=True)
        },
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, text in parts.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, f"{_HEAD}{text}")
    return packed.getvalue()


def _relationships(targets: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{path}"/>'
        for number, (kind, path) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{items}</Relationships>'


def _sheet(columns: Mapping[str, Sequence[Value]]) -> str:
    rows = [tuple(columns), *zip(*columns.values(), strict=True)]
    lines = "".join(
        f'<row r="{number}">{"".join(_cell(f"{_letter(at)}{number}", value) for at, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    )
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def _cell(place: str, value: Value) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def _letter(at: int) -> str:
    """Return the name of a column; a sheet has at most 20."""
    return chr(ord("A") + at)
