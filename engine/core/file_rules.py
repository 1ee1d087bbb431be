"""Rules on named files, each decided by looking at the files alone."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.checks import Check, CheckResult, Kind, Target, Verdict
from engine.core.file_mentions import BINARY_TYPES, suffix
from engine.core.json_shapes import Shape, mismatches, parse_json
from engine.core.text_counts import Count, readings
from engine.core.xml_text import read_xml, svg_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

#: Units that are counted alike by everybody, but for what a file can avoid: such a number must hold whichever way it is counted.
_STRICT = frozenset({"word", "line", "character"})
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]")
_UNDERLINE = re.compile(r"(?:={1,200}|-{2,200})[ \t]{0,20}")

THERE = "is there"
LINKS_ALL = "links or loads every file that is asked for"


@dataclass(frozen=True, slots=True)
class FileRule:
    """One rule on the file at `path`, `text` in words. `judge` is given the file and the whole tree: "" where it holds."""

    path: str
    text: str
    judge: Callable[[bytes, Mapping[str, bytes]], str | Unsure]

    @property
    def full_text(self) -> str:
        """Return the rule in words with the file's name, as a result shows it."""
        return f"{self.path}: {self.text}"

    def result(self, files: Mapping[str, bytes]) -> CheckResult:
        """Return what the rule gives; on a missing file only the rule that it is there fails, the others cannot be decided."""
        check = Check(Kind.FILE, self.full_text)
        if self.path not in files:
            return CheckResult(check, Target.LOCAL, self._missing(), f"{self.path} is missing")
        problem = self.judge(files[self.path], files)
        if isinstance(problem, Unsure):
            return CheckResult(check, Target.LOCAL, Verdict.UNVERIFIABLE, problem)
        return CheckResult(check, Target.LOCAL, Verdict.FAIL if problem else Verdict.PASS, problem)

    def _missing(self) -> Verdict:
        """A picture or a sound is not asked of a language model again: it is missing all the same, which is a warning."""
        writable = suffix(self.path) not in BINARY_TYPES
        return Verdict.FAIL if self.text == THERE and writable else Verdict.UNVERIFIABLE


class Unsure(str):
    """Why a rule could not be decided."""

    __slots__ = ()


def there(path: str) -> FileRule:
    """The file exists and is not empty."""
    return FileRule(path, THERE, lambda content, _: "" if content.strip() else "it is empty")


def counted(path: str, count: Count) -> FileRule:
    """The file's text has so many words, lines, …."""

    def judge(content: bytes, _: Mapping[str, bytes]) -> str | Unsure:
        found = readings(count.unit, _text(content))
        if all(map(count.holds, found)):
            return ""
        also = f" ({found[1]} as others count)" if len(found) > 1 else ""
        problem = f"it has {found[0]} {count.unit}{'' if found[0] == 1 else 's'}{also}{_distance(count, found[0])}"
        undecided = count.unit not in _STRICT and any(map(count.holds, found))
        return Unsure(f"{problem}: it depends on how they are counted") if undecided else problem

    return FileRule(path, str(count), judge)


def shaped(path: str, shape: Shape) -> FileRule:
    """The file is JSON of a shape, of any where that is `Shape()`."""

    def judge(content: bytes, _: Mapping[str, bytes]) -> str:
        try:
            value = parse_json(content)
        except ValueError as error:
            return str(error)
        return "; ".join(mismatches(shape, value))

    return FileRule(
        path,
        "valid JSON" if shape == Shape() else f"JSON {'of the form' if shape.fields else 'that is'} {shape}",
        judge,
    )


def drawn(path: str) -> FileRule:
    """The file is an SVG image."""
    return FileRule(path, "a valid SVG image", lambda content, _: svg_problem(content))


def well_formed(path: str, element: str = "", count: int = 0, root: str = "") -> FileRule:
    """The file is well-formed XML, with `count` elements of a name, or with one root."""

    def judge(content: bytes, _: Mapping[str, bytes]) -> str:
        try:
            found = read_xml(content)
        except ValueError as error:
            return str(error)
        if root and found.root.lower() != root:
            return f"its root is <{found.root[:40]}>, not <{root}>"
        names = {"item", "entry"} if element in {"item", "entry"} else {element}
        number = sum(found.counts[name] for name in names)
        return "" if not element or number == count else f"it has {number} <{element}> elements"

    what = f"well-formed XML{f', its root <{root}>' if root else ''}"
    return FileRule(path, f"{what}{f' with exactly {count} <{element}> elements' if element else ''}", judge)


def headed(path: str, names: Sequence[str] = (), count: int = 0) -> FileRule:
    """The Markdown file has headings: these, or so many."""

    def judge(content: bytes, _: Mapping[str, bytes]) -> str:
        found = [one.strip() for one in headings(_text(content))]
        lacking = [name for name in names if name.casefold() not in {one.casefold() for one in found}]
        if lacking:
            return f"no heading says {', '.join(map(repr, lacking))}"
        return "" if not count or len(found) == count else f"it has {len(found)} headings"

    return FileRule(path, f"with the headings {', '.join(names)}" if names else f"with exactly {count} headings", judge)


def containing(path: str, text: str) -> FileRule:
    """The file holds a text, whatever white space is between its words."""

    def judge(content: bytes, _: Mapping[str, bytes]) -> str:
        return "" if _spaced(text) in _spaced(_text(content)) else f"it does not contain {text!r}"

    return FileRule(path, f"contains {text!r}", judge)


def columned(path: str, names: Sequence[str]) -> FileRule:
    """The CSV file's first line names these columns."""

    def judge(content: bytes, _: Mapping[str, bytes]) -> str:
        try:
            header = next(csv.reader(io.StringIO(_text(content))), [])
        except csv.Error as error:
            return f"it is no CSV: {error}"
        found = [name.strip() for name in header]
        return "" if found == list(names) else f"its first line is {','.join(found)[:120]!r}"

    return FileRule(path, f"with the columns {', '.join(names)}", judge)


def unchanged(path: str, original: bytes) -> FileRule:
    """The file is the attachment, byte for byte."""
    return FileRule(
        path,
        "the attached file, unchanged",
        lambda content, _: "" if content == original else "it differs from the attachment",
    )


def headings(markdown: str) -> list[str]:
    """Return the text of a Markdown file's headings; what stands in a fence is none."""
    found, fence, before = list[str](), "", ""
    for line in markdown.split("\n"):
        opener = line.lstrip()[:3]
        if opener in {"```", "~~~"} and fence in {"", opener}:
            fence, before = "" if fence else opener, ""
        elif not fence:
            if _HEADING.match(line):
                found.append(line.strip().strip("#").strip())
            elif before.strip() and _UNDERLINE.fullmatch(line):
                found.append(before.strip())
            before = "" if line.lstrip()[:1] in {"#", "-", ">", "|"} else line
    return found


def shortfalls(results: Collection[CheckResult]) -> list[str]:
    """Return in sentences what a tree to be published still lacks: which files that are asked for, and which links to them."""
    open_ones = [r for r in results if r.check.kind is Kind.FILE and r.verdict is not Verdict.PASS]
    missing = [r.check.text.removesuffix(f": {THERE}") for r in open_ones if r.check.text.endswith(f": {THERE}")]
    told = [f"Files that are asked for are missing or empty: {', '.join(missing)}"] if missing else []
    unlinked = [r.detail for r in open_ones if r.check.text.endswith(LINKS_ALL) and r.verdict is Verdict.FAIL]
    return [*told, *(f"index.html lacks links to files that are asked for: {detail}" for detail in unlinked)]


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _distance(count: Count, found: int) -> str:
    if found < count.low:
        return f": {count.low - found} too few"
    return f": {found - count.high} too many" if count.high is not None and found > count.high else ""
