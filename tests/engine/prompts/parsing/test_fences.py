from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.prompts.parsing.fences import guard_fence, strip_fence

MARKDOWN = ["README.md", "a.MARKDOWN"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("````js\nrun()\n````\n", "run()\n"),
        ("```c++ \nrun()\n```", "run()\n"),
        ("run()\n```js\n", "run()\n```js\n"),
        ("```js title=a\nrun()\n", "```js title=a\nrun()\n"),
        ("a\n```\nb\n", "a\n```\nb\n"),
        ("  ```js\nrun()\n", "  ```js\nrun()\n"),
        ("``js\nrun()\n", "``js\nrun()\n"),
        ("```\n", ""),
        ("```js\n```\n", ""),
        ("\n \n", "\n \n"),
        ("", ""),
    ],
)
def test_a_file_of_code_loses_a_fence_that_is_one_and_stands_outside(body: str, text: str) -> None:
    assert strip_fence("a.js", body) == text


@pytest.mark.parametrize("path", MARKDOWN)
@pytest.mark.parametrize("opening", ["```markdown", "```md", "~~~MD"])
def test_a_markdown_file_loses_a_pair_that_says_so(path: str, opening: str) -> None:
    assert strip_fence(path, f"\n{opening}\n# A\n{opening[:3]}\n") == "# A\n"


@pytest.mark.parametrize("path", MARKDOWN)
@pytest.mark.parametrize(
    "body",
    ["```\n# A\n```\n", "```js\nrun()\n```\n", "```markdown\n# A\n", "# A\n```\n", "```md\n```js\n", "```markdown\n"],
)
def test_a_markdown_file_keeps_every_other_fence(path: str, body: str) -> None:
    assert strip_fence(path, body) == body


_LINES = st.lists(st.sampled_from(["", "a", "```", "```markdown", "```js", "~~~"]), max_size=6)


@given(st.sampled_from(["a.js", *MARKDOWN]), _LINES)
def test_a_guarded_file_comes_back_as_it_was(path: str, lines: list[str]) -> None:
    body = "".join(f"{line}\n" for line in lines)
    assert strip_fence(path, guard_fence(path, body)) == body


@pytest.mark.parametrize(("path", "body"), [("a.js", "run()\n"), ("README.md", "```js\nrun()\n```\n"), ("a.js", "")])
def test_a_file_that_would_lose_nothing_gets_no_guard(path: str, body: str) -> None:
    assert guard_fence(path, body) == body


def test_a_guard_says_markdown_only_around_markdown() -> None:
    assert guard_fence("a.js", "```\n") == "```\n```\n```\n"
    assert guard_fence("a.md", "```md\na\n```\n") == "```markdown\n```md\na\n```\n```\n"
