from __future__ import annotations

import pytest

from engine.checks import own_rules
from engine.domain.checks import Verdict
from engine.site import repository_files

GOOD = {
    "index.html": b"<!doctype html><title>x</title><p>x",
    "LICENSE": repository_files.licence(2026, "x"),
    "README.md": b"# A\n## Summary\n## Setup\n## Usage\n## Code\n## License\n",
}


def test_a_good_tree_is_acceptable() -> None:
    assert own_rules.acceptable(own_rules.own_results(GOOD))


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
    results = own_rules.own_results(files)
    assert not own_rules.acceptable(results)
    assert next(r.detail for r in results if r.verdict is Verdict.FAIL)
