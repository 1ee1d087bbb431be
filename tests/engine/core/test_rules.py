from __future__ import annotations

import pytest

from engine.core import repository, rules
from engine.core.checks import Check, Kind, Verdict

GOOD = {
    "index.html": b"<!doctype html><title>x</title><p>x",
    "LICENSE": repository.licence(2026, "x"),
    "README.md": b"# A\n## Summary\n## Setup\n## Usage\n## Code\n## License\n",
}


def test_a_good_tree_is_acceptable() -> None:
    assert rules.acceptable(rules.own_results(GOOD))


@pytest.mark.parametrize(
    "files",
    [
        {k: v for k, v in GOOD.items() if k != "index.html"},
        GOOD | {"index.html": b"I am sorry, I cannot do that."},
        GOOD | {"index.html": b"  \n"},
        GOOD | {"LICENSE": b"GPL"},
        GOOD | {"README.md": b"# A\n"},
        {k: v for k, v in GOOD.items() if k != "README.md"},
    ],
)
def test_a_tree_that_breaks_a_rule_is_not(files: dict[str, bytes]) -> None:
    results = rules.own_results(files)
    assert not rules.acceptable(results)
    assert next(r.detail for r in results if r.verdict is Verdict.FAIL)


@pytest.mark.parametrize(
    "text",
    [
        "Repo has MIT license",
        "MIT license",
        "The repository has an MIT license in the root.",
        "Has a valid MIT licence file",
    ],
)
def test_sentences_about_the_licence_are_decided_by_the_rule(text: str) -> None:
    check = Check(Kind.PROSE, text)
    assert rules.static_result(check, GOOD).verdict is Verdict.PASS
    assert rules.static_result(check, GOOD | {"LICENSE": b""}).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "text",
    [
        "README.md is professional and includes setup/usage instructions.",
        "The page does not mention the MIT license",
        "Repo has MIT license and a favicon",
        "No MIT license",
    ],
)
def test_a_sentence_that_says_more_than_a_rule_is_never_passed_by_it(text: str) -> None:
    assert rules.static_result(Check(Kind.PROSE, text), GOOD).verdict is Verdict.UNVERIFIABLE


def test_js_checks_are_not_run_without_a_browser() -> None:
    result = rules.static_result(Check(Kind.JS, "true"), GOOD)
    assert (result.verdict, result.detail) == (Verdict.NOT_RUN, rules.NO_BROWSER)
