"""Code with which a page reads a file that ordinary code reads wrongly, and what the code must give.

The code is advice for a prompt only after a browser has run it on this very file and got the same as the service.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.inputs.file_formats import format_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.domain.brief import AttachedFile
    from engine.formats.json_outline import Fix, JsonOutline
    from engine.formats.tables import Table
    from engine.formats.text_encoding import DecodedText

#: The beginning of the advice in a file's note.
ADVICE = "A browser ran this code on this file"

#: The largest file that gets advice, and all of them together, in bytes. A page should not read larger ones.
LARGEST_READ = 2_000_000
MOST_READ = 6_000_000

RESULTS = "results.json"
_LONGEST_VALUE = 2_000  # characters of a result's JSON; of a longer one the browser gives a digest
_LONGEST_NUMBER = 1e21  # from here on JavaScript writes numbers with an exponent
_SHOWN = 200  # characters of a header, a row or an entry

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_LARGEST_INDEX = 2**32 - 2
#: A number below 0.0001 as Python writes it. JavaScript uses an exponent only below 0.000001.
_SMALL_NUMBER = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<sign>-?)(?P<digit>\d)(?:\.(?P<further>\d+))?e-(?P<exponent>\d+)'
)
_SMALLEST_EXPONENT = 7

_SCRIPT = """\
const said = async (value) => {
  const text = JSON.stringify(value);
  if (text.length <= %d) return {value};
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return {digest: Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")};
};
async function build(files) {
  const results = {};
  const run = async (key, name, content, read) => {
    const bytes = Uint8Array.from(atob(files[content]), (character) => character.charCodeAt(0));
    const fetch = async (address) => {
      if (decodeURIComponent(address) !== name) throw new Error(`no file ${address}`);
      return new Response(bytes);
    };
    try { results[key] = await said(await read(fetch)); } catch (error) { results[key] = {error: String(error)}; }
  };
%s
  return {files: {"results.json": results}};
}
"""
_RUN = """\
  await run(%s, %s, %s, async (fetch) => {
%s
return %s;
  });"""

_CELLS = r"""const pattern = /{gap}(?:"([^"]*(?:""[^"]*)*)"|([^{pattern}\n]*))({pattern}|\n|$)/g;
const cells = [[]];
for (const [, quoted, plain, end] of text.matchAll(pattern)) {{
  cells.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
  if (end !== {separator}) cells.push([]);
}}"""
_VALUES = r"""const json = %s;
const data = [];
let depth = 0, start = 0;
for (const {0: token, index} of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
  if ("[{".includes(token) && depth++ === 0) start = index;
  if ("]}".includes(token) && --depth === 0) data.push(JSON.parse(json.slice(start, index + 1)));
}"""


@dataclass(frozen=True, slots=True)
class ReadingCode:
    """JavaScript that reads a file, the expression of what it `gives`, and the value that this must have."""

    code: str
    gives: str
    expected: object
    says: str


def reading_codes(file: AttachedFile) -> list[ReadingCode]:
    """Return code that may read the file, the plainest first; [] if ordinary code reads it, or none can."""
    text = None if len(file.content) > LARGEST_READ else text_of(file)
    if text is None or not text.text or not text.is_known_to_browsers:
        return []
    found = format_of(file, text.text)
    if found.table:
        return list(_of_table(file, text, found.table))
    if found.outline and found.outline.shape:
        return list(_of_json(file, text, found.outline))
    if text.encoding == "utf-8" or found.fault or found.outline:
        return []
    return [ReadingCode(_text_code(file, text), "text", text.text, f"{len(text.text):,} characters of text")]


def reading_script(files: Mapping[str, Sequence[ReadingCode]]) -> str:
    """Return the build script that runs all code, each on the file of its name, which it gets in base64."""
    runs = [
        _RUN % (json.dumps(f"{name}\n{at}"), json.dumps(name), json.dumps(name), one.code, one.gives)
        for name, codes in files.items()
        for at, one in enumerate(codes)
    ]
    return _SCRIPT % (_LONGEST_VALUE, "\n".join(runs))


def with_advice(file: AttachedFile, codes: Sequence[ReadingCode], results: Mapping[str, object]) -> AttachedFile:
    """Return the file with the first code in its note that gave what it must give; without such code, the file."""
    for at, one in enumerate(codes):
        if _is_right(results.get(f"{file.name}\n{at}"), one.expected):
            advice = f"{ADVICE}; it gives {one.says}:\n{one.code}"
            return replace(file, note="\n".join(filter(None, [file.note, advice])))
    return file


def _is_right(result: object, expected: object) -> bool:
    """Compare a result of the browser, which of a long value is the digest of its JSON. A value too deep is wrong."""
    if not isinstance(result, dict):
        return False
    with suppress(RecursionError):
        if "digest" in result:
            return bool(result["digest"] == hashlib.sha256(_stringified(expected).encode()).hexdigest())
        return "value" in result and _sorted(result["value"]) == _sorted(expected)
    return False


def _sorted(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _stringified(value: object) -> str:
    """Return what JSON.stringify returns: half a surrogate pair is escaped, and 1e-05 is 0.00001."""
    text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    return _escaped(_SMALL_NUMBER.sub(_small_number, text))


def _escaped(text: str) -> str:
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _small_number(found: re.Match[str]) -> str:
    if found["string"]:
        return found[0]
    sign, digit, further, exponent = found["sign"], found["digit"], found["further"] or "", int(found["exponent"])
    if exponent >= _SMALLEST_EXPONENT:
        return f"{sign}{digit}{'.' if further else ''}{further}e-{exponent}"
    return f"{sign}0.{'0' * (exponent - 1)}{digit}{further}"


def _plain(value: object) -> object:
    """Return a JSON value as JavaScript has it: 1.0 is 1, and an object begins with its keys that are indexes."""
    match value:
        case float() if value.is_integer() and abs(value) < _LONGEST_NUMBER:
            return int(value)
        case int() if abs(value) >= _LONGEST_NUMBER:
            return float(value)
        case list():
            return [_plain(item) for item in value]
        case dict():
            indexes = sorted(filter(_is_index, value), key=int)
            return {key: _plain(value[key]) for key in dict.fromkeys([*indexes, *value])}
        case _:
            return value


def _is_index(key: str) -> bool:
    """Say whether a key is an array index, which an object lists first: https://tc39.es/ecma262/#array-index."""
    return _INDEX.fullmatch(key) is not None and int(key) <= _LARGEST_INDEX


def _text_code(file: AttachedFile, text: DecodedText, lost_end: str = "") -> str:
    read = "(await response.text())"
    if text.encoding != "utf-8":
        read = f"new TextDecoder({json.dumps(text.encoding)}).decode(await response.arrayBuffer())"
    if "CR" in text.line_ends or "CRLF" in text.line_ends:
        read += r'.replace(/\r\n?/g, "\n")'
    if lost_end:
        read += rf'.replaceAll({json.dumps(lost_end)}, "\n")'
    plain = read.removeprefix("(").removesuffix(")") if read == "(await response.text())" else read
    return f"const response = await fetch({json.dumps(quote(file.name))});\nconst text = {plain};"


def _of_table(file: AttachedFile, text: DecodedText, table: Table) -> Iterator[ReadingCode]:
    if table.count > len(table.rows) or not _is_odd(text, table):
        return
    begin = _text_code(file, text, table.lost_end)
    separator = json.dumps(table.separator)
    says = _table_says(table)
    gives = "{header, rows}" if table.header_line else "{rows}"
    expected: dict[str, object] = {"header": list(table.header)} if table.header_line else {}
    expected["rows"] = [list(row) for row in table.rows]
    if not table.has_quotes:
        split = rf'const cells = text.split("\n").map((line) => line.split({separator}));'
        yield ReadingCode("\n".join([begin, split, *_rows(table)]), gives, expected, says)
    gap = " *" if table.has_gaps else ""
    parsed = _CELLS.format(gap=gap, pattern=_pattern(table.separator), separator=separator)
    yield ReadingCode("\n".join([begin, parsed, *_rows(table)]), gives, expected, says)


def _pattern(separator: str) -> str:
    """Return a separator for a regular expression of JavaScript: every sign in ASCII may have a backslash there."""
    if separator == "\t":
        return r"\t"
    return f"\\{separator}" if separator in string.punctuation else separator


def _is_odd(text: DecodedText, table: Table) -> bool:
    """Say whether code for plain CSV reads the table wrongly: UTF-8, lines that end in LF, a header, bare cells."""
    names = [name.strip() for name in table.header]
    return (
        text.encoding != "utf-8"
        or text.line_ends not in {("LF",), ()}
        or not table.header_line
        or table.header_line > 1
        or table.has_quotes
        or bool(table.lost_end or table.above or table.skipped)
        or len(set(names)) < len(names)
        or "" in names
        or any(len(row) != len(names) for row in table.rows)
    )


def _rows(table: Table) -> Iterable[str]:
    """Return the code that drops blank rows and what stands above the header, and divides header and rows."""
    above = len(table.above) + table.names_separator
    behind = f".slice({above})" if above else ""
    filled = f"cells.filter((row) => row.some((cell) => cell.trim())){behind}"
    if not table.header_line:
        yield f"const rows = {filled};"
    elif table.skipped["comment line"]:
        yield f"const [header, ...below] = {filled};"
        yield 'const rows = below.filter((row) => row.length === header.length || !row[0].startsWith("#"));'
    else:
        yield f"const [header, ...rows] = {filled};"


def _table_says(table: Table) -> str:
    header = f"header {_shown(list(table.header))} and " if table.header_line else ""
    first = f", the first {_shown(list(table.rows[0]))}" if table.rows else ""
    return f"{header}{len(table.rows):,} rows of texts{first}"


def _of_json(file: AttachedFile, text: DecodedText, outline: JsonOutline) -> Iterator[ReadingCode]:
    if text.encoding == "utf-8" and not outline.fixes and not outline.split:
        return
    begin = _text_code(file, text)
    fixes = "".join(f"\n  {_replacement(fix)}" for fix in outline.fixes)
    match outline.split:
        case "lines":
            lines = r'.split("\n").filter((line) => line.trim()).map((line) => JSON.parse(line));'
            parse = f"const data = text{fixes}{lines}"
        case "values":
            parse = _VALUES % f"text{fixes}"
        case _:
            parse = f"const data = JSON.parse(text{fixes});"
    says = f"data, {_json_says(outline.value)}"
    yield ReadingCode(f"{begin}\n{parse}", "data", outline.value, says)


def _replacement(fix: Fix) -> str:
    """Return a fix in JavaScript. A string, the first group, stays."""
    pattern = fix.pattern.replace("\n", "\\n")
    if not fix.put:
        return f'.replace(/{pattern}/g, "$1")'
    put = json.dumps(fix.put) if "$" not in fix.put else f"`{fix.put.replace('$0', '${all}').replace('$2', '${key}')}`"
    names = "(all, string, key)" if "$2" in fix.put else "(all, string)"
    return f".replace(/{pattern}/g, {names} => string ?? {put})"


def _json_says(value: object) -> str:
    if isinstance(value, list):
        return f"a list of {len(value):,}" + (f", the first {_shown(value[0])}" if value else "")
    if isinstance(value, dict):
        return f"an object with {_shown(list(value))}"
    return _shown(value)


def _shown(value: object) -> str:
    text = _escaped(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
