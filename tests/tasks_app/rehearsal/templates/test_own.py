"""The twelve templates of our own: they can be filled in, and their briefs say what their checks demand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from engine.formats.javascript import open_at_end
from tasks_app.rehearsal.criteria import FileCriterion, HtmlCriterion, JsCriterion
from tasks_app.rehearsal.templates.filling import FilledTask, fill
from tasks_app.rehearsal.templates.own import own_templates
from tasks_app.rehearsal.templates.reading import read_templates

if TYPE_CHECKING:
    from tasks_app.rehearsal.templates.template import Template

TEMPLATES = read_templates(own_templates(), source="own")
PER_TEMPLATE = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.id)

#: Names in the selectors of checks.
_NAMES = re.compile(r"[#.]([a-z][a-z0-9-]*[a-z0-9])(?=[\s'\"`,)\[:]|$)")
_SELECTORS = re.compile(r"querySelector(?:All)?\(\s*([\"'`])(.+?)\1")


def rounds(template: Template) -> list[FilledTask]:
    return [fill(template, seed="k3x9", round=number) for number in (1, 2, 3)]


def test_there_are_twelve() -> None:
    assert [template.id for template in TEMPLATES] == [
        "arithmetic-quiz",
        "bar-chart",
        "currency-converter",
        "entry-search",
        "files-with-rules",
        "notes-by-address",
        "picture-gallery",
        "report-by-workflow",
        "sales-by-region",
        "script-to-repair",
        "sign-up-form",
        "workbook-to-page",
    ]


@PER_TEMPLATE
def test_each_has_two_variants_and_checks_of_several_kinds(template: Template) -> None:
    first, *later = rounds(template)
    assert len({type(criterion) for criterion in first.criteria}) >= 2
    assert 4 <= len(first.criteria) <= 8
    assert len({one.brief for one in later}) == 2
    assert all(2 <= len(one.criteria) <= 5 for one in later)


@PER_TEMPLATE
def test_nothing_is_left_to_be_filled_in(template: Template) -> None:
    for filled in rounds(template):
        assert "${" not in filled.brief
        for criterion in filled.criteria:
            if isinstance(criterion, JsCriterion):
                assert open_at_end(criterion.js) == ""
            else:
                assert "${" not in str(criterion)


@PER_TEMPLATE
def test_a_brief_says_every_name_that_its_checks_use(template: Template) -> None:
    """A later round's checks may use what the brief of the first round says."""
    first, *later = rounds(template)
    for filled in (first, *later):
        brief = f"{first.brief} {filled.brief}"
        missing = {name for criterion in filled.criteria for name in names_of(criterion) if not said(name, brief)}
        assert missing == set()


def said(name: str, brief: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", brief) is not None


def names_of(criterion: object) -> list[str]:
    match criterion:
        case JsCriterion(js=expression):
            selectors = [found[2] for found in _SELECTORS.finditer(expression)]
            return [name for selector in selectors for name in _NAMES.findall(selector)]
        case HtmlCriterion(html=html):
            return list(html.ids)
        case FileCriterion(file=file):
            return [file.path, *(file.json_keys or ())]
        case _:
            return []


def test_the_names_of_a_check_are_found() -> None:
    check = "document.querySelector(\"#a-b tr.top[data-x='1']\") || document.querySelectorAll(`#cc li`)"
    assert names_of(JsCriterion(js=check)) == ["a-b", "top", "cc"]
