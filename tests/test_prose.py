"""Only engine.plan reads prose: no other module matches patterns against the words of a brief or of a check that is a
sentence."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.prose_reading import Match, prose_matches

ROOT = Path(__file__).resolve().parent.parent

#: Modules that match patterns against what may be a check's or a brief's text, and why that is no reading of prose.
EXPLAINED = {
    "engine.prompts.named_ids": "the ids that JavaScript expressions among the checks look up",
    "engine.checks.source_rules": "what JavaScript expressions among the checks demand of the page's source",
    "engine.prompts.comparisons": "what JavaScript expressions that failed compare an element's text with",
    "engine.adapters.simulated_author": "titles and ids that JavaScript expressions among the checks name",
    "engine.checks.page_load": "the text is the service's own, of how a page opened",
    "tasks_app.reports.display": "characters that cannot be seen are shown, of any text on a page of the console",
}

#: What they return is a document of the service's own that quotes the brief.
WRITERS = {
    "engine.adapters.simulated_author._files",
    "engine.site.fallback_page.fallback_page",
    "engine.site.readme._inserted",
    "engine.site.readme.with_round_not_done",
}


def sources() -> dict[str, str]:
    """Return the modules of the service outside of engine.plan, by their dotted names."""
    paths = [path for package in ("engine", "tasks_app") for path in sorted((ROOT / package).rglob("*.py"))]
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths}
    return {
        name: path.read_text()
        for path, name in names.items()
        if not f"{name}.".startswith(("engine.plan.", "tasks_app.migrations."))
    }


@cache
def found() -> list[Match]:
    return prose_matches(sources(), WRITERS)


@pytest.mark.slow
def test_only_the_plan_reads_prose() -> None:
    assert [f"{one.module}:{one.line}: {one.call}" for one in found() if one.module not in EXPLAINED] == []


@pytest.mark.slow
def test_every_exception_is_one_still() -> None:
    assert EXPLAINED.keys() - {one.module for one in found()} == set()


@pytest.mark.slow
def test_a_module_that_reads_prose_would_be_found_in_the_service() -> None:
    planted = "import re\n\ndef wants_chart(brief):\n    return re.search(r'(bar|pie) chart', brief.text.lower())\n"
    matches = prose_matches(sources() | {"engine.domain.planted": planted}, WRITERS)
    assert [one.line for one in matches if one.module == "engine.domain.planted"] == [4]


HELPER = "import re\n\ndef numbers(text):\n    return re.findall(r'[0-9]+', text)\n"


@pytest.mark.parametrize(
    "source",
    [
        "def f(brief):\n    words = brief.text.strip().lower()\n    return _DATA.findall(words)",
        "def f(task):\n    return re.fullmatch('a', string=task.words)",
        "def f(row):\n    return re.sub('a+', 'b', row.brief)",
        "def f(brief: str):\n    return re.split(', ', brief)",
        "def f(payload):\n    return _DATA.match(payload['brief'])",
        "def f(brief):\n    return [one for one in brief.checks if _DATA.search(one.text)]",
        "def f(brief):\n for c in brief.earlier_checks:\n  if (text := c.text) and _DATA.search(text):\n   return text",
        "def f(checks):\n    return _DATA.sub('', '\\n'.join(one.text for one in checks))",
        "def f(result):\n    return _DATA.split(f'{result.check.text}.')",
        "def f(one: Check):\n    return _DATA.search(one.text if one else '')",
        "def f(brief):\n    return [m for line in brief.text.splitlines() for m in _DATA.finditer(line[1:])]",
        "def f(brief):\n    return numbers(brief.text)\n\ndef numbers(text):\n    return _DATA.findall(text)",
        "def f(brief):\n    return _DATA.findall(second(brief))\n\ndef second(brief):\n    yield brief.text",
        "class A:\n def f(self, brief):\n  self.g(1, brief.text)\n def g(self, at, text):\n  _DATA.search(text, at)",
        "def f(brief):\n    def inner():\n        return _DATA.search(brief.text)\n    return inner",
        "from engine.helper import numbers\n\ndef f(brief):\n    return numbers(text=brief.text)",
        "from engine import numbers as n\n\ndef f(brief):\n    return n(*[brief.text])",
        "from engine import helper\n\ndef f(brief):\n    return helper.numbers(brief.text)",
        "FOUND = _DATA.search(ROW.brief)",
    ],
)
def test_whatever_way_prose_takes_to_a_pattern_is_found(source: str) -> None:
    modules = {"engine.planted": source, "engine.helper": HELPER, "engine": "from engine.helper import numbers"}
    assert len(prose_matches(modules)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def f(brief):\n    return [one for one in brief.attachments if _DATA.search(one.name)]",
        "def f(brief):\n    return ' '.join(brief.text.split(' '))",
        "def f(context):\n    return _DATA.search(context.brief.task)",
        "def f(brief, page):\n    return _DATA.search(page) if page in brief.text else None",
        "def f(brief, page):\n    return _DATA.sub(brief.text, page)",
        "def f(brief):\n    return _DATA.search(str(len(brief.text)))",
        "def f(view):\n    return _DATA.search(view.text)",
        "from engine.helper import numbers\n\ndef f(brief, page):\n    numbers(page)\n    return brief.text",
        "class Page:\n    text: str\n\ndef f(brief):\n    return _DATA.search(Page(brief.text).title)",
    ],
)
def test_what_is_no_prose_is_not(source: str) -> None:
    assert prose_matches({"engine.planted": source, "engine.helper": HELPER}) == []


def test_a_document_that_quotes_the_brief_is_no_brief() -> None:
    source = "def page(brief):\n    return brief.text\n\ndef f(brief):\n    return _DATA.search(page(brief))"
    assert len(prose_matches({"engine.planted": source})) == 1
    assert prose_matches({"engine.planted": source}, {"engine.planted.page"}) == []
