"""Templates of anybody's: what is right is read, and every mistake is named by its line."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.rehearsal.templates.filling import fill
from tasks_app.rehearsal.templates.reading import TemplateError, read_templates, read_templates_at

if TYPE_CHECKING:
    from tasks_app.rehearsal.templates.template import Template

ROOT = Path(__file__).resolve().parents[4]
PUBLISHED = ROOT / "tests" / "samples" / "published_templates.yaml"

RIGHT = """
id: a-page
brief: Make a page.
attachments:
  - name: data.csv
    url: data:text/csv;base64,${seed}
checks:
  - js: document.title === `Sales ${seed}`
round2:
  - brief: Change the page.
    checks: [It is changed.]
"""


def named(text: str, line: int, says: str) -> bool:
    """Say whether a mistake is named at a line. What it leads to may be named too: a misspelled key is missing."""
    found = problems(text)
    assert len(found) <= 2, found
    return any(problem.startswith(f"t.yaml:{line}:") and says in problem for problem in found)


def problems(text: str) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        read_templates(text, source="t.yaml")
    return list(caught.value.problems)


def replaced(old: str, new: str) -> str:
    assert RIGHT.count(old) == 1
    return RIGHT.replace(old, new)


def generated(spec: str, result: str = "") -> str:
    return replaced("    url: data:text/csv;base64,${seed}\n", f"    generate: {spec}\n{result}")


# --- What is right ----------------------------------------------------------------------------------------------------


def ids(templates: tuple[Template, ...]) -> list[str]:
    return [template.id for template in templates]


def test_the_published_form_is_read() -> None:
    text = read_templates_at(str(PUBLISHED))
    assert ids(read_templates(text, source="t")) == ["sum-of-sales", "markdown-to-html", "github-user-created"]


def test_the_example_of_the_documentation_is_read() -> None:
    text = (ROOT / "docs" / "rehearsing.md").read_text()
    assert ids(read_templates(text.partition("```yaml\n")[2].partition("```")[0], source="t")) == ["sales-total"]


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        f"---{RIGHT}---\n",
        f"\ufeff{RIGHT}...\n",
        "-" + textwrap.indent(RIGHT.strip(), "  ")[1:],
        f"%YAML 1.1\n---{RIGHT}",
        replaced("id: a-page", "id: a-page # a comment"),
        replaced("Make a page.", '"Show the text a #b c"'),
        RIGHT.replace("Make a page.", "&brief Make a page.").replace("Change the page.", "*brief"),
    ],
    ids=["one", "documents", "bom and end", "a list", "a directive", "a comment", "a quoted hash", "an alias"],
)
def test_each_form_of_a_file_is_read(text: str) -> None:
    assert ids(read_templates(text, source="t")) == ["a-page"]


@pytest.mark.parametrize(
    "expression",
    [
        '!!document.querySelector("#a")', "!document.title", "`Sales` === document.title", "[...document.links].length",
        "document.querySelector('a #b')", "document.title ? 1 : 2", "{a: 1}.a === 1", "a: b",
    ],
)  # fmt: skip
def test_an_expression_and_a_brief_need_no_quotes_in_one_line(expression: str) -> None:
    text = replaced(_CHECK, f"  - js: {expression}").replace("Make a page.", "Show this: the total in #total.")
    [template] = read_templates(text, source="t")
    assert template.brief == "Show this: the total in #total."
    assert fill(template, seed="s", round=1).checks == [{"js": expression}]


def test_a_comment_stays_one() -> None:
    text = replaced(_CHECK, "  - js: document.title === 'a'  # the title").replace("a page.", "a page. # of any kind")
    [template] = read_templates(text, source="t")
    assert (template.brief, fill(template, seed="s", round=1).checks) == (
        "Make a page.",
        [{"js": "document.title === 'a'"}],
    )


def test_a_file_of_two_documents_of_lists_is_read() -> None:
    lists = ["-" + textwrap.indent(RIGHT.replace("a-page", name).strip(), "  ")[1:] for name in ("one", "two", "three")]
    text = f"{lists[0]}\n{lists[1]}\n---\n{lists[2]}\n"
    assert ids(read_templates(text, source="t")) == ["one", "two", "three"]


# --- Mistakes of YAML -------------------------------------------------------------------------------------------------

_CHECK = "  - js: document.title === `Sales ${seed}`"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (replaced(_CHECK, "  - !!document.title"), 8, "`!!document.title` is a tag"),
        (replaced(_CHECK, "  - Shows it in #total."), 8, "`#total.` is read as a comment"),
        (replaced(_CHECK, "  - js: !!document.title &&\n      document.links"), 8, "not YAML"),
        (replaced(_CHECK, "  - !!js/regexp x"), 8, "`!!js/regexp` is a tag"),
        (replaced(_CHECK, "  - js: document.querySelector('a # b')"), 8, "ends too early, after `'`"),
        (replaced("id: a-page", "id: a-page\nid: b-page"), 3, "the key `id` stands here twice"),
        (replaced("id: a-page", "<<: {id: a-page}"), 2, "merge keys"),
        (replaced("id: a-page", "id: a-page\n? [x]\n: y"), 3, "a key must be a text"),
        (replaced("Make a page.", "!!python/object:os.system x"), 3, "is a tag"),
        (replaced("Make a page.", "a\x07b"), 3, "a character that may not stand in it"),
        (replaced("id: a-page", "id: a-page\n\tx: y"), 3, "not YAML"),
        (replaced("id: a-page", f"id: {'9' * 5000}"), 2, "this number cannot be read"),
        (RIGHT + "  - *other\n", 12, "found undefined alias"),
    ],
)
def test_a_mistake_of_yaml_is_named_by_line(text: str, line: int, says: str) -> None:
    assert named(text, line, says), problems(text)


def test_mistakes_after_one_of_yaml_are_named_too() -> None:
    text = replaced(_CHECK, '  - !!document.querySelector("#a")\n  - `b`\n  - html: {idz: [a]}')
    text = f"{text}---{RIGHT.replace('brief: Make', 'breif: Make')}---{RIGHT.replace('a-page', 'b-page')}"
    lines = [problem.split(":")[1] for problem in problems(text)]
    assert lines == ["8", "9", "10", "15", "15", "16"]


def test_aliases_that_explode_are_refused() -> None:
    levels = "".join(f"l{at}: &l{at} [{', '.join([f'*l{at - 1}'] * 9)}]\n" for at in range(1, 12))
    (problem,) = problems(f"l0: &l0 [x, x, x]\n{levels}")
    assert problem.startswith("t.yaml:1:1: the file has more than 50,000 values")


@pytest.mark.parametrize("text", ["id: &a [*a]", "[" * 5_000, "id: " + "[" * 40 + "]" * 40])
def test_a_file_without_a_floor_is_refused(text: str) -> None:
    assert any("than 30 levels" in problem for problem in problems(text))


# --- Mistakes of the form ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "there is no template in it"),
        ("---\n---\n# nothing\n", 1, "there is no template in it"),
        ("just words", 1, "a template is a mapping"),
        ("- 1\n- 2\n", 1, "a template is a mapping"),
        (replaced("id: a-page\n", ""), 2, "the key `id` is missing"),
        (replaced("brief: Make a page.\n", ""), 2, "the key `brief` is missing"),
        (replaced("checks: [It is changed.]", "deadline: 3"), 10, "round2[0]: the key `checks` is missing"),
        (replaced("brief: Make", "breif: Make"), 3, "unknown key `breif`; did you mean `brief`?"),
        (replaced("    checks: [It", "    id: x\n    checks: [It"), 11, "round2[0]: unknown key `id`"),
        (replaced("    url: ", "    path: "), 6, "attachments[0]: unknown key `path`; there is"),
        (replaced("    url: data:text/csv;base64,${seed}\n", ""), 5, "an attachment has either `url` or `generate`"),
        (replaced("a-page", "A Page!"), 2, "id: an id is letters and digits"),
        (replaced("a-page", "a" * 81), 2, "id: "),
        (replaced("a-page", "7"), 2, "id: must be a text"),
        (replaced("Make a page.", '" "'), 3, "brief: must not be empty"),
        (replaced("Make a page.", "yes"), 3, "brief: must be a text"),
        (replaced("[It is changed.]", "[]"), 11, "round2[0].checks: must not be empty"),
        (replaced("[It is changed.]", "It is changed."), 11, "round2[0].checks: must be a list"),
        (replaced("[It is changed.]", "[7]"), 11, "a check is a sentence or a mapping"),
        (replaced("[It is changed.]", "[{js: a, rubric: b}]"), 11, "a check is of one kind; this has js and rubric"),
        (replaced("[It is changed.]", "[{It is: changed}]"), 11, "a check is a sentence or has one of js"),
        (replaced("[It is changed.]", "[{js: a, say: b}]"), 11, "unknown key `say`; did you mean `says`?"),
        (replaced("[It is changed.]", "[{file: {pth: b}}]"), 11, "unknown key `pth`; did you mean `path`?"),
        (replaced("[It is changed.]", "[{file: {path: b, words: [1]}}]"), 11, "must have more than 1 values"),
        (replaced("[It is changed.]", "[{rubric: b, of: it}]"), 11, "must be 'readme', 'code' or 'page'"),
        (replaced("text/csv", "text/cvs"), 5, "`${seed}` stands for no file of this media type"),
        (replaced("data:text/csv;base64,${seed}", "ftp://a"), 5, "`url` must begin with"),
        (replaced("data.csv", "../data.csv"), 5, "name: "),
        (replaced("data.csv", "a/../data.csv"), 5, "leads out of the repository"),
        (generated("{kind: cvs}"), 6, "the kind `cvs` is none of"),
        (generated("{rows: 3}"), 6, "the key `kind` is missing"),
        (generated("{kind: csv, row: 3}"), 6, "unknown key `row`; did you mean `rows`?"),
        (generated("{kind: csv, rows: 0}"), 6, "rows: input should be greater than or equal to 1"),
        (generated("{kind: csv, columns: {a: mony}}"), 6, "did you mean `money`?"),
        (generated("{kind: csv, columns: {a: {values: choice}}}"), 6, "`of: [...]` names the choices"),
        (generated("{kind: csv, columns: {a: {values: city, from: 1}}}"), 6, "`from` and `to` are for integer"),
        (generated("{kind: csv, columns: {a: {values: money, from: [1]}}}"), 6, "must be numbers"),
        (generated("{kind: csv, columns: {a: {values: money, from: 0.001}}}"), 6, "must be numbers"),
        (generated("{kind: csv, columns: {a: {values: date, from: 2025-02-30}}}"), 6, "must be dates"),
        (generated("{kind: csv, columns: {a: {values: integer, from: 9, to: 1}}}"), 6, "`from` is greater than `to`"),
    ],
)
def test_a_mistake_of_the_form_is_named_by_line(text: str, line: int, says: str) -> None:
    assert named(text, line, says), problems(text)


def test_an_id_is_there_once() -> None:
    (problem,) = problems(f"{RIGHT}---{RIGHT}")
    assert problem == "t.yaml:13:5: the id `a-page` is that of the template at line 2 too"


def test_an_attachment_is_there_once() -> None:
    text = replaced("  - name: data.csv\n", "  - {name: data.csv, url: 'https://a.example/b'}\n  - name: data.csv\n")
    (problem,) = problems(text)
    assert problem == "t.yaml:6:11: two attachments are called `data.csv`"


# --- Values that cannot be computed -----------------------------------------------------------------------------------

_WHERE = "result: {compute: sum, of: data.csv, column: sales, where: "
_TEN = "{kind: csv, rows: 10}"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (replaced("text/csv;base64,${seed}", "text/csv,a").replace("Make", "${result}"), 3, "nothing to be computed"),
        (replaced("url: data:text/csv;base64,${seed}", "generate: {kind: csv, columns: {sales: city}}")
         .replace("Sales ${seed}", "${result}"), 8, "has nothing to be computed"),
        (replaced("Change the page.", "Show ${resutl}."), 10, "`${resutl}` is no value of this template; did you mean"),
        (generated(_TEN, "result: {compute: add, of: data.csv}\n"), 7, "result.compute: must be 'sum'"),
        (generated(_TEN, "result: {compute: sum, of: date.csv, column: sales}\n"), 7, "did you mean `data.csv`?"),
        (generated(_TEN, "result: {compute: sum, of: data.csv}\n"), 7, "`compute: sum` needs `column`"),
        (generated(_TEN, "result: {compute: sum, of: data.csv, column: sale}\n"), 7, "did you mean `sales`?"),
        (generated(_TEN, "result: {compute: max, of: data.csv, column: region}\n"), 7, "needs numbers"),
        (generated(_TEN, "result: {compute: count, of: data.csv, column: region}\n"), 7, "takes no `column`"),
        (generated(_TEN, "result: {compute: words, of: data.csv}\n"), 7, "counts in a text"),
        (generated(_TEN, "result: {compute: list, of: data.csv, column: region, sheet: A}\n"), 7, "no table called"),
        (generated("{kind: image}", "result: {compute: count, of: data.csv}\n"), 7, "has no table"),
        (generated(_TEN, _WHERE + "{region: Noth}}\n"), 7, "no `Noth` in its column `region`; did you mean `North`?"),
        (generated(_TEN, _WHERE + "{area: North}}\n"), 7, "has no column `area`"),
        (generated(_TEN, _WHERE + "{product: Lamp}}\n"), 7, "`where` needs a column whose values occur"),
        (generated(_TEN, _WHERE + '{region: "${seed}"}}\n'), 7, "must be a value above this one"),
        (generated(_TEN, "results: {seed: {compute: count, of: data.csv}}\n"), 7, "the name `seed` is taken"),
        (generated(_TEN, "results: {result: {compute: count, of: data.csv}}\n"), 7, "the name `result` is taken"),
        (generated(_TEN, "results: {a-b: {compute: count, of: data.csv}}\n"), 7, "should match pattern"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_computed_is_named_by_line(text: str, line: int, says: str) -> None:
    assert named(text, line, says), problems(text)


def test_whats_wrong_with_values_is_said_beside_what_is_wrong_with_the_form() -> None:
    text = replaced("data:text/csv;base64,${seed}", "https://a.example/data.csv")
    text = text.replace("Make a page.", "Show ${result}.").replace("[It is changed.]", "[{js: a, html: {}}]")
    found = problems(text.replace("id: a-page", "id: a page\nweight: 3"))
    assert [problem.split(":")[1] for problem in found] == ["2", "3", "4", "12"]


# --- Files ------------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(RIGHT.replace("a-page", name))
    (tmp_path / "notes.txt").write_text("no template")
    assert ids(read_templates(read_templates_at(str(tmp_path)), source="t")) == ["a", "b"]
    (tmp_path / "c.yaml").write_text(replaced("id: a-page", "id: a page"))
    (tmp_path / "d.yml").write_bytes(RIGHT.encode().replace(b"Make a", b"M\xe4ke\n  a"))
    with pytest.raises(TemplateError) as caught:
        read_templates_at(str(tmp_path))
    first, second = caught.value.problems
    assert first.startswith(f"{tmp_path}/c.yaml:2:5: id:")
    assert second == f"{tmp_path}/d.yml:3:9: the file is not in UTF-8"


def test_an_id_is_there_once_in_a_folder(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(RIGHT)
    with pytest.raises(TemplateError) as caught:
        read_templates_at(str(tmp_path))
    assert "the id `a-page` is that of the template at line" in caught.value.problems[0]


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    for path, says in (
        (tmp_path, "there is no .yaml file in this folder"),
        (tmp_path / "none.yaml", "No such file or directory"),
    ):
        with pytest.raises(TemplateError, match=says):
            read_templates_at(str(path))


def test_a_file_over_2_mb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text(RIGHT + "#" * 2_000_000)
    with pytest.raises(TemplateError, match="larger than 2,000,000 bytes"):
        read_templates_at(str(tmp_path / "large.yaml"))
    assert problems("#" * 2_000_001) == ["t.yaml:1:1: the file is larger than 2,000,000 bytes"]


# --- Anything ---------------------------------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        *RIGHT.splitlines(keepends=True),
        "---\n",
        "- ",
        "  ",
        "id: ",
        "${result}",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "!!x ",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=25).map("".join))
def test_no_file_breaks_the_reader(text: str) -> None:
    found: tuple[str, ...] = ()
    try:
        assert read_templates(text, source="t")
    except TemplateError as error:
        found = error.problems
    assert all(1 <= int(problem.split(":")[1]) <= len(text.splitlines()) + 1 for problem in found)
