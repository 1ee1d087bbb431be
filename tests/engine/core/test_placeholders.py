from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.placeholders import placeholders
from tests.little_time import little_time


def found(line: str, path: str = "app.js") -> bool:
    return bool(list(placeholders(path, line)))


@pytest.mark.parametrize(
    "line",
    [
        "// rest of the code",
        "// The remainder of your JavaScript file",
        "run(); // rest of the existing code",
        "<!-- your code here -->",
        "<!-- the main script goes here -->",
        "<main><!-- markup goes here --></main>",
        "/* ... existing code ... */",
        "{/* ... existing code ... */}",
        "// ... rest",
        "// ...rest",
        "// …existing functions",
        "/* ...rest */",
        "<!-- ...existing code -->",
        "// existing code ...",
        "// previous functions…",
        "// Add your code here",
        "* insert the logic here",
        "// The CSS remains unchanged",
        "// everything else stays the same",
        "// same code as before",
        "// omitted for brevity",
        "# TODO: implement",
        "// todo implement the sum",
        "... rest of the code ...",
        "...existing code...",
        "    ...rest of your script",
        "(… remaining functions …)",
        "[... previous code ...]",
        "<... existing markup ...>",
    ],
)
def test_a_comment_or_a_lone_line_in_place_of_code_is_found(line: str) -> None:
    assert found(line)


@pytest.mark.parametrize(
    "line",
    [
        "<p>The rest of the page is about bees.</p>",
        "<p>Paste your code here</p>",
        "<p>Loading... the rest of the page</p>",
        "<label>Your file here <input type=file></label>",
        '<a href="https://x.example/">the rest of the page</a>',
        '<script src="//cdn.example/a.js" title="your script here"></script>',
        '<input type="file" accept="image/*"><span>Drop your file here</span>',
        '<input accept="*/*" title="your file here">',
        '<textarea placeholder="// your code here"></textarea>',
        "const hint = 'your code here';",
        "const hint = '// your code here';",
        "const hint = `/* your code here */`;",
        "show('... existing code ...');",
        "show('the rest of the code'); // shown to the reader",
        "call(...args);",
        "  ...args,",
        "  ...rest",
        "  ...rest,",
        "  ...previous }",
        "[...rest, one].forEach(run)",
        "[...other.map(run)]",
        "({ a, ...rest }) => {",
        "const { a, ...rest } = all; // takes what is left",
        "/* ... */",
        "...",
        "// implements the search",
        "#your-code { color: red }",
        ".rest { content: '...' }",
        "* { box-sizing: border-box }",
        "",
    ],
)
def test_what_a_page_shows_and_what_code_does_is_nobodys_stand_in(line: str) -> None:
    assert not found(line)


@pytest.mark.parametrize("path", ["index.html", "a.HTM", "s.css", "m.mjs", "a.tsx", "d.json", "i.svg"])
def test_files_of_code_are_read(path: str) -> None:
    assert found("// rest of the code", path)


@pytest.mark.parametrize("path", ["README.md", "notes.txt", "data.csv", "html", "js/README"])
def test_a_readme_and_data_may_say_what_they_like(path: str) -> None:
    assert not found("// rest of the code", path)


def test_each_line_is_told_with_its_number_and_in_brief() -> None:
    text = f"let a;\n  // \t rest of the code\n\n/* your code here */ {'x' * 200}\n"
    first, second = placeholders("a.js", text)
    assert first == (2, "// rest of the code")
    assert second[0] == 4
    assert len(second[1]) == 120


def test_what_stands_far_to_the_right_of_a_packed_line_is_not_read() -> None:
    assert found(f"{'a' * 1_900} // rest of the code")
    assert not found(f"{'a' * 2_000} // rest of the code")


@pytest.mark.parametrize(
    "text", ["(" * 300_000, "/*" * 300_000, "..." * 300_000, "// existing " * 100_000, "\n...x" * 100_000]
)
def test_a_huge_senseless_file_is_read_in_a_moment(text: str) -> None:
    with little_time():
        assert list(placeholders("a.js", text)) == []


@given(st.text(), st.text(max_size=5))
def test_a_line_around_it_changes_nothing_about_the_number(before: str, after: str) -> None:
    text = f"{before}\n// rest of the code\n{after}"
    assert (before.count("\n") + 2, "// rest of the code") in list(placeholders("a.js", text))
