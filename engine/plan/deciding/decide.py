"""Decides a predicate about files. No content of a file makes it raise an error or take long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.checks import Verdict
from engine.formats.xml_text import read_xml, svg_problem
from engine.plan.deciding.attachment_predicates import decide_attachment
from engine.plan.deciding.csv_predicates import decide_csv
from engine.plan.deciding.evidence import PredicateFinding, distance, failed, passed, undecided
from engine.plan.deciding.json_predicates import decide_json
from engine.plan.deciding.link_predicates import decide_links
from engine.plan.deciding.text_predicates import decide_text
from engine.plan.predicates import (
    Absent,
    Contains,
    CsvColumns,
    CsvEquals,
    DiffersFromAttachment,
    EqualsAttachment,
    Exists,
    Headings,
    JsonSchema,
    JsonValue,
    Lacks,
    LicenceMit,
    Lines,
    Links,
    OpensWithoutErrors,
    Page,
    ReadmeSections,
    Served,
    Svg,
    Words,
    WorkflowSucceeded,
    Xml,
    path_of,
)

if TYPE_CHECKING:
    from engine.plan.deciding.evidence import Evidence
    from engine.plan.predicates import AnyPredicate

    OnContent = (
        Contains
        | Lacks
        | Words
        | Lines
        | Headings
        | LicenceMit
        | ReadmeSections
        | JsonSchema
        | JsonValue
        | CsvColumns
        | CsvEquals
        | EqualsAttachment
        | DiffersFromAttachment
        | Links
        | Xml
        | Svg
    )

#: Why a predicate about the live page is not decided before publishing.
ONCE_LIVE = "decided once the page is live"

#: Files that have their effect by existing.
_MAY_BE_EMPTY = (".nojekyll", ".gitkeep", "__init__.py")


def decide(predicate: AnyPredicate, evidence: Evidence) -> PredicateFinding:
    """Decide a predicate about files. Raises TypeError for one about the page, which the check browser decides."""
    path = path_of(predicate)
    match predicate:
        case Page() | OpensWithoutErrors():
            raise TypeError(f"{predicate.kind} is decided in the browser")
        case Served() | WorkflowSucceeded():
            return PredicateFinding(Verdict.NOT_RUN, ONCE_LIVE)
        case _ if not path:
            return undecided("it does not say which file is meant")
        case _ if path in evidence.not_made:
            return PredicateFinding(Verdict.NOT_RUN, evidence.not_made[path])
        case Exists():
            return _exists(path, evidence)
        case Absent():
            matches = _below(path, evidence)
            return failed(f"{matches[0]} is there") if matches else passed(f"{path} is not there")
        case _ if path not in evidence.files:
            return failed(f"{path} is missing")
        case _:
            return _decide_content(predicate, evidence.files[path], evidence)


def _exists(path: str, evidence: Evidence) -> PredicateFinding:
    matches = _below(path, evidence)
    if not matches:
        return failed(f"{path} is missing")
    if any(evidence.files[file].strip() or file.endswith(_MAY_BE_EMPTY) for file in matches):
        return passed(f"{matches[0]} is there")
    return failed(f"{path} is empty")


def _below(path: str, evidence: Evidence) -> list[str]:
    """Return the file at a path, or the files in a folder, whose path ends in `/`."""
    if path.endswith("/"):
        return sorted(file for file in evidence.files if file.startswith(path))
    return [path] if path in evidence.files else []


def _decide_content(predicate: OnContent, content: bytes, evidence: Evidence) -> PredicateFinding:
    match predicate:
        case Contains() | Lacks() | Words() | Lines() | Headings() | LicenceMit() | ReadmeSections():
            return decide_text(predicate, content)
        case JsonSchema() | JsonValue():
            return decide_json(predicate, content)
        case CsvColumns() | CsvEquals():
            return decide_csv(predicate, content, evidence)
        case EqualsAttachment() | DiffersFromAttachment():
            return decide_attachment(predicate, content, evidence)
        case Links():
            return decide_links(predicate, evidence)
        case Xml():
            return _xml(predicate, content)
        case Svg():
            problem = svg_problem(content)
            return failed(problem) if problem else passed("an SVG image that draws something")


def _xml(predicate: Xml, content: bytes) -> PredicateFinding:
    try:
        found = read_xml(content)
    except ValueError as error:
        return failed(str(error))
    if predicate.root and found.root.casefold() != predicate.root.rpartition(":")[2].casefold():
        return failed(f"its root is <{found.root[:40]}>, not <{predicate.root}>")
    numbers = {wanted.element: found.counts[wanted.element.rpartition(":")[2]] for wanted in predicate.counts}
    for wanted in predicate.counts:
        if missed := distance(numbers[wanted.element], wanted.min, wanted.max):
            return failed(f"it has {numbers[wanted.element]} <{wanted.element}> elements{missed}")
    counted = "".join(f", {number} <{name}>" for name, number in numbers.items())
    return passed(f"well-formed, its root <{found.root[:40]}>{counted}")
