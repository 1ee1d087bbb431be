"""What the rules that read the words of briefs and checks state of the same requests, as plans: `PYTHONPATH=. python benchmarks/plans/old_rules.py`.

What they state in another form counts for them: a check that they do not understand is decided if a rule on a file that they find elsewhere, or one
that holds for every repository (LICENSE, README.md, errors at opening), says the same; an attachment that no rule wants changed comes as it is; a CSV
file made of a workbook that is asked for unchanged equals its sheet; an id that the prompt lists is tested.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.suite.plan_facts import DecidedByFact, in_words
from benchmarks.suite.plan_requests import load_requests
from engine.adapters.workbook_reader import WorkbookReader
from engine.core import file_rules, file_sentences, file_wishes, rules
from engine.core.changes import changes_of
from engine.core.checks import Kind
from engine.core.fetched_data import file_name
from engine.core.file_sentences import _FORMS as FILE_FORMS
from engine.core.named_data import data_addresses, is_live
from engine.core.named_ids import named_ids
from engine.core.page_sentences import _HELP, is_about_errors, page_expression
from engine.core.sentences import read_sentence
from engine.core.workbooks import is_workbook, wanted_tables
from engine.plan import predicates as p
from engine.plan.schema import CheckReading, DataAddress, Plan, PlannedFile, PlannedTest, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.suite.plan_requests import PlanRequest
    from engine.core.checks import Check
    from engine.core.json_shapes import Shape
    from engine.core.workbooks import WantedTable

#: What each rule says as predicates, by its path and its text: noted while the rules make it.
SAID: dict[tuple[str, str], list[p.Predicate]] = {}


def noting(module: Any, name: str, read: Any) -> None:
    """Note of each rule that a function makes what it says."""
    make = getattr(module, name)

    def made(*arguments: Any, **named: Any) -> Any:
        rule = make(*arguments, **named)
        SAID.setdefault((rule.path, rule.text), read(*arguments, **named))
        return rule

    setattr(module, name, made)


def schema_of(shape: Shape) -> dict[str, Any]:
    """Return a shape as a JSON Schema."""
    fields = {
        "required": [name for name, _ in shape.fields],
        "properties": {name: schema_of(inner) for name, inner in shape.fields},
    }
    if shape.kind == "array":
        bounds = {
            key: value for key, value in (("minItems", shape.least), ("maxItems", shape.most)) if value is not None
        }
        return {"type": "array", **bounds, **({"items": schema_of(shape.item)} if shape.item else {})}
    if shape.kind:
        return {"type": shape.kind, **(fields if shape.fields else {})}
    if shape.fields:
        return {"anyOf": [{"type": "object", **fields}, {"type": "array", "items": {"type": "object", **fields}}]}
    return {}


def counted(path: str, count: Any) -> list[p.Predicate]:
    kind = {"word": p.Words, "line": p.Lines}.get(count.unit)
    return [kind(path=path, min=count.low, max=count.high)] if kind else []


def well_formed(path: str, element: str = "", count: int = 0, root: str = "") -> list[p.Predicate]:
    counts = [p.ElementCount(element=element, min=count, max=count)] if element else []
    return [p.Xml(path=path, root=root, counts=counts)]


def headed(path: str, names: Sequence[str] = (), count: int = 0) -> list[p.Predicate]:
    return [p.Headings(path=path, names=list(names), min=count, max=count or None)]


noting(file_rules, "there", lambda path: [p.Exists(path=path)])
noting(file_rules, "counted", counted)
noting(file_rules, "shaped", lambda path, shape: [p.JsonSchema(path=path, definition=schema_of(shape))])
noting(file_rules, "drawn", lambda path: [p.Svg(path=path)])
noting(file_rules, "well_formed", well_formed)
noting(file_rules, "headed", headed)
noting(file_rules, "containing", lambda path, text: [p.Contains(path=path, texts=[text])])
noting(file_rules, "columned", lambda path, names: [p.CsvColumns(path=path, columns=list(names))])
noting(file_rules, "unchanged", lambda path, original: [p.EqualsAttachment(path=path)])
noting(file_wishes, "links_all", lambda path, targets, *_: [p.Links(path=path, to=list(targets))])
noting(file_wishes, "leads_somewhere", lambda path: [])


def said(rule: file_rules.FileRule, tables: Mapping[str, WantedTable]) -> Iterator[p.Predicate]:
    for one in SAID.get((rule.path, rule.text), []):
        table = tables.get(rule.path)
        if isinstance(one, p.EqualsAttachment) and table is not None:
            yield p.CsvEquals(path=rule.path, workbook=table.book, sheet=table.sheet.name)
        yield one


def of_file_sentence(check: Check) -> list[p.Predicate]:
    sentence = read_sentence(check.text)
    for pattern, decide in FILE_FORMS:
        if sentence is not None and (found := sentence.match(pattern)):
            if decide(sentence, found, {}) is None:
                return []
            if decide is file_sentences._exists:  # noqa: SLF001
                return [p.Exists(path=sentence.said(found["file"]).removeprefix("./"))]
            if decide is file_sentences._sections:  # noqa: SLF001
                names = [sentence.said(one.strip()) for one in re.split(r",\s*(?:and )?|\s+and\s+|/", found["names"])]
                return [p.ReadmeSections(names=[re.sub(r"^(?:an?|the) ", "", name) for name in names])]
            return [p.Contains(path="README.md", texts=[sentence.said(found["text"])])]
    return []


def of_sentence(check: Check, attached: Mapping[str, bytes], tables: Mapping[str, WantedTable]) -> list[p.Predicate]:
    """Return what decides a sentence, in the order in which the rules are asked."""
    if rules._MIT_SENTENCE.match(check.text):  # noqa: SLF001
        return [p.LicenceMit()]
    if rules._README_SENTENCE.match(check.text):  # noqa: SLF001
        return [p.ReadmeSections()]
    if found := file_wishes.sentence_rules(check.text, attached):
        return [one for rule in found for one in said(rule, tables)]
    if of_file := of_file_sentence(check):
        return of_file
    if expression := page_expression(check.text):
        plain = re.sub(r"\\u([0-9a-f]{4})", lambda one: chr(int(one[1], 16)), expression.replace(_HELP, ""))
        return [p.Page(expression=plain[:1000])]
    return [p.OpensWithoutErrors()] if is_about_errors(check.text) else []


def plans_of(request: PlanRequest) -> tuple[Plan, Plan]:
    """Return what the rules state, and the same where each check is also decided by the rules on the files."""
    brief = request.as_brief()
    texts = [brief.text, *(check.text for check in brief.checks if check.kind in {Kind.PROSE, Kind.JS})]
    came = {file.name: file.content for file in brief.attachments}
    addresses = data_addresses(brief.text, brief.checks)
    data = [
        DataAddress(url=one.url, name=file_name(one, "json", list(came)), at_run_time=is_live(brief.text))
        for one in addresses
    ]
    books = {f.name: WorkbookReader().read(f.content).sheets for f in brief.attachments if is_workbook(f)}
    tables = {one.name: one for one in wanted_tables(texts, books, list(came))}
    attached = {**came, **{one.name: one.sheet.csv for one in tables.values()}, **{one.name: b"{}" for one in data}}
    tree = dict.fromkeys(request.present, b"text")
    changes = changes_of(brief.text, {**tree, **came})
    wishes = file_wishes.wishes_of(brief.text, brief.checks, attached)
    on_files: dict[str, list[p.Predicate]] = {}
    for rule in file_wishes.all_rules(wishes, brief.text):
        on_files.setdefault(rule.path, []).extend(said(rule, tables))
    files = {
        wish.path: source_of(wish.path, came, tables, changes.asked)
        for wish in wishes
        if wish.path not in tree or wish.path in changes.asked
    }
    files |= {
        path: source_of(path, came, tables, changes.asked)
        for path in [*came, *tables, "LICENSE", "README.md", "index.html"]
    }
    files |= {path: Source.CHANGED for path in changes.asked if path in tree}
    for path in changes.asked:
        if path in came:
            on_files.setdefault(path, []).append(p.DiffersFromAttachment(path=path))
    planned = tuple(
        PlannedFile(
            path=path,
            source=source,
            origin=tables[path].book if path in tables else "",
            sheet=tables[path].sheet.name if path in tables else "",
            predicates=on_files.get(path, [])[:12],
        )
        for path, source in files.items()
        if path not in changes.removed
    )
    own = {
        number: of_sentence(check, attached, tables) if check.kind is Kind.PROSE else []
        for number, check in enumerate(brief.checks, 1)
    }
    tests = tuple(
        PlannedTest(says=f"#{name}", predicates=[p.Page(expression=f"document.querySelector('#{name}')")])
        for name in named_ids(brief.text, ())
    )
    for_every = [p.LicenceMit(), p.ReadmeSections(), p.OpensWithoutErrors()]
    everything = [*for_every, *(one for several in on_files.values() for one in several)]

    def plan(also: list[p.Predicate]) -> Plan:
        readings = [
            CheckReading.model_construct(number=n, predicates=[*found, *also], why_not="") for n, found in own.items()
        ]
        return Plan.model_construct(
            files=planned,
            absent=tuple(changes.removed),
            data=tuple(data),
            pages="branch",
            checks=tuple(readings),
            tests=tests,
            notes=(),
        )

    return plan([]), plan(everything)


def source_of(path: str, came: Mapping[str, bytes], tables: Mapping[str, WantedTable], asked: Any) -> Source:
    if path in came:
        return Source.CHANGED if path in asked else Source.ATTACHMENT
    if path in tables:
        return Source.CONVERTED
    return Source.SERVICE if path == "LICENSE" else Source.WRITE


def main() -> None:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    stated: dict[str, str] = {}
    for request in load_requests():
        strict, generous = plans_of(request)
        right = [
            fact.holds(strict) or (isinstance(fact, DecidedByFact) and fact.holds(generous)) for fact in request.facts
        ]
        stated[request.name] = "".join("+" if held else "-" for held in right)
        for fact, held in zip(request.facts, right, strict=True):
            print(f"{request.name}: {'right' if held else 'WRONG'}: {in_words(fact)[:200]}", file=sys.stderr)
    facts = {"right": sum(one.count("+") for one in stated.values()), "of": sum(map(len, stated.values()))}
    note = f"{__doc__}".strip().partition("\n\n")[2].replace("\n", " ")
    found = {
        "about": "Which facts of each request, in their order, the rules stated that read the words of briefs and checks: + right, - not.",
        "fairness": note,
        "commit": commit,
        "script": "benchmarks/plans/old_rules.py, in that commit's tree, as the rules are",
        "facts": facts,
        "requests": stated,
    }
    Path(__file__).with_suffix(".json").write_text(f"{json.dumps(found, indent=1)}\n")
    print(facts)


if __name__ == "__main__":
    main()
