from __future__ import annotations

from engine.checks import own_rules
from engine.domain.brief import AttachedFile, Brief
from engine.domain.checks import parse_check
from engine.site.fallback_page import fallback_page
from engine.site.readme import missing_readme_parts

BRIEF = Brief(
    "a@b.c",
    "task",
    1,
    "n",
    "Show </pre><script>alert(1)</script>",
    (parse_check("js: 1 < 2"),),
    (AttachedFile("a b#1.csv", "text/csv", b"x"), AttachedFile("javascript:x", "text/plain", b"y")),
)


def test_it_says_plainly_that_it_is_not_the_app_and_why() -> None:
    page = fallback_page(BRIEF, "The model was out of service.")["index.html"].decode()
    assert "This app was not made" in page
    assert "The model was out of service." in page


def test_nothing_of_the_brief_becomes_markup() -> None:
    page = fallback_page(BRIEF, "<b>why</b>")["index.html"].decode()
    assert "<script" not in page
    assert "<b>" not in page
    assert 'href="./a b%231.csv"' in page
    assert 'href="javascript:' not in page


def test_it_is_a_whole_tree_with_the_service_files() -> None:
    files = fallback_page(BRIEF, "why")
    assert missing_readme_parts(files["README.md"].decode()) == []
    assert own_rules.own_results(files)[0].verdict.value == "pass"
