"""The requests whose plans are judged, and what their facts may be about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from benchmarks.suite.plan_facts import AbsentFact, AllOf, DecidedByFact, DecidedFact, FileFact, OneOf, PageTestFact
from benchmarks.suite.plan_requests import FOLDER, load_requests
from engine.domain.checks import Kind, parse_check
from engine.inputs.workbooks import is_workbook
from engine.plan.schema import FileSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.suite.plan_facts import AnyPattern, Pattern
    from benchmarks.suite.plan_requests import SuiteRequest

REQUESTS = load_requests()
ATTACHED = [(request, {one.name for one in request.attachments}) for request in REQUESTS]


def patterns(found: AnyPattern) -> Iterator[Pattern]:
    match found:
        case OneOf():
            for one in found.one_of:
                yield from patterns(one)
        case AllOf():
            for one in found.all_of:
                yield from patterns(one)
        case _:
            yield found


def words(request: SuiteRequest) -> str:
    return "\n".join([request.brief, *map(str, request.checks)]).casefold()


def test_there_are_at_least_forty_requests_and_a_quarter_is_not_in_english() -> None:
    foreign = [one for one in REQUESTS if one.language != "English"]
    assert len(REQUESTS) >= 40
    assert len(foreign) * 4 >= len(REQUESTS)
    assert len({one.language for one in foreign}) >= 8
    assert len({one.brief for one in REQUESTS}) == len(REQUESTS)


def test_facts_are_of_checks_that_are_sentences() -> None:
    for request in REQUESTS:
        checks = [parse_check(one) for one in request.checks]
        numbers = [fact.check for fact in request.facts if isinstance(fact, DecidedByFact | DecidedFact)]
        assert 4 <= len(request.facts) <= 9, request.name
        assert all(checks[number - 1].kind is Kind.PROSE for number in numbers), request.name


def test_facts_name_files_that_the_request_has() -> None:
    for request, attached in ATTACHED:
        there = {FileSource.ATTACHMENT: attached, FileSource.CHANGED: attached | {*request.present}}
        files = [fact for fact in request.facts if isinstance(fact, FileFact)]
        for fact in (one for one in files if len(one.source) == 1):
            assert fact.file in there.get(fact.source[0], {fact.file}), request.name
            assert fact.origin in {"", *attached}, request.name
        absent = [fact.absent for fact in request.facts if isinstance(fact, AbsentFact)]
        assert all(path.partition("/")[0].casefold() in words(request) for path in absent), request.name


def test_facts_on_checks_and_tests_name_what_the_request_names() -> None:
    for request, attached in ATTACHED:
        known = {"", "index.html", "README.md", *attached}
        for fact in request.facts:
            if isinstance(fact, PageTestFact):
                assert all(one.casefold() in request.brief.casefold() for one in fact.test_mentions), request.name
            for one in patterns(fact.decided_by) if isinstance(fact, DecidedByFact) else ():
                assert one.kind not in {"equals_attachment", "differs_from_attachment"} or one.path in attached
                assert all(path in known or path.casefold() in words(request) for path in one.paths()), request.name


def test_no_text_is_cut_where_yaml_begins_a_comment() -> None:
    for path in (FOLDER / "requests").glob("*.yaml"):
        text = path.read_text()
        ends = [token.end_mark.index for token in yaml.scan(text) if isinstance(token, yaml.ScalarToken)]
        assert not any(text[end:].partition("\n")[0].lstrip().startswith("#") for end in ends), path.name


@pytest.mark.processes
def test_workbooks_are_described_as_a_round_describes_them() -> None:
    books = [file for one in REQUESTS for file in one.as_brief().attachments if is_workbook(file)]
    assert len(books) == 4
    assert all(file.note.startswith("A workbook of ") for file in books)
