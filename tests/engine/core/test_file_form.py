from __future__ import annotations

import hashlib

import pytest

from engine.core.brief import AttachedFile, Brief
from engine.core.checks import Check, CheckResult, Kind, Target, Verdict, parse_check
from engine.core.file_form import MOST_SHOWN, asked_files, paths_of
from engine.core.prompt_sections import present_files, sections_of
from engine.core.prompts import generate_prompt
from engine.core.repair_prompt import Findings, repair_prompt
from engine.core.replies import Outcome, format_files, mark, parse_reply

B = "7f3a9c"
UID = AttachedFile("uid.txt", "text/plain", b"0f1e2d\n")
TEXT = "Create these files: a.txt (exactly 50 words), b.json ({x: number}), c.svg (a bird), photo.png, LICENSE, index.html (linking to all), uid.txt (attached)."
TREE = {
    "index.html": b"<!DOCTYPE html>\n<html></html>\n",
    "README.md": b"# App\n",
    "a.txt": b"one two\n",
    "b.json": b"{}\n",
    "uid.txt": UID.content,
}


def brief(text: str = TEXT, *checks: str, attachments: tuple[AttachedFile, ...] = (UID,)) -> Brief:
    return Brief("a@example.com", "files", 1, "n", text, tuple(map(parse_check, checks)), attachments)


def form_of(content: str) -> str:
    return content.partition(f"[end of data {B}]\n")[2]


def failing(text: str, kind: Kind = Kind.FILE, detail: str = "seen") -> CheckResult:
    return CheckResult(Check(kind, text), Target.LOCAL, Verdict.FAIL, detail)


def repaired(*results: CheckResult, tree: dict[str, bytes] = TREE, checks: tuple[str, ...] = ()) -> str:
    prompt = repair_prompt(brief(TEXT, *checks), boundary=B, tree=tree, findings=Findings(failing=results))
    return form_of(prompt.messages[-1].content)


def test_the_prompts_of_a_page_alone_are_byte_for_byte_what_they_were() -> None:
    alone = Brief(
        "a@example.com",
        "sales",
        1,
        "n",
        "Show the sum of data.csv in #total.",
        (parse_check("js: true"),),
        (AttachedFile("data.csv", "text/csv", b"a\n1\n"),),
    )
    tree = {"index.html": b"<!DOCTYPE html>\n", "README.md": b"# A\n", "notes.txt": b"x\n"}
    prompts = [
        generate_prompt(alone, boundary=B),
        generate_prompt(alone, boundary=B, tree=tree),
        repair_prompt(alone, boundary=B, tree=tree, findings=Findings(failing=(failing("true", Kind.JS),))),
    ]
    assert [prompt.version for prompt in prompts] == ["5", "5", "5"]
    said = repr([(prompt.digest, prompt.messages) for prompt in prompts])
    assert (
        hashlib.sha256(said.encode()).hexdigest() == "1578daece4095e68d79b403e258df0bbc9d3b84bbd8bf6999140f7204fd38747"
    )


def test_the_form_lists_what_a_model_is_to_write_in_order_and_counts_it() -> None:
    prompt = generate_prompt(brief(), boundary=B)
    form = form_of(prompt.messages[-1].content)
    assert form.startswith("Write the app and its files now")
    assert (
        "\n".join(
            [
                "Your answer is these 5 files, in this order:",
                mark(B, "file", "index.html"),
                "<!DOCTYPE html>",
                "(the page, whole; it links a.txt, b.json, c.svg, photo.png, LICENSE, uid.txt)",
                mark(B, "file", "a.txt"),
                "(exactly 50 words)",
                mark(B, "file", "b.json"),
                "(JSON of the form {x: number}; nothing but the JSON itself)",
                mark(B, "file", "c.svg"),
                '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">',
                "(the drawing, its end tag last)",
                mark(B, "file", "README.md"),
                "(the README, whole)",
                mark(B, "complete", 5),
            ]
        )
        in form
    )
    assert prompt.version == "5.1"
    assert [section.name for section in sections_of(prompt.messages)] == ["attachment", "brief"]


def test_what_the_service_writes_what_came_attached_and_pictures_are_not_asked_of_a_model() -> None:
    assert [wish.path for wish in asked_files(brief())] == ["a.txt", "b.json", "c.svg", "index.html"]


def test_a_file_that_only_a_check_names_is_in_the_form_too() -> None:
    form = form_of(
        generate_prompt(brief("A page.", "poem.txt has exactly four lines."), boundary=B).messages[-1].content
    )
    assert f"{mark(B, 'file', 'poem.txt')}\n(exactly 4 lines)" in form


def test_a_later_round_asks_for_what_is_new_or_to_be_changed() -> None:
    text = "Create d.txt with two lines. Change a.txt: it must have exactly 60 words. Write b.json as it was."
    later = form_of(generate_prompt(brief(text), boundary=B, tree=TREE).messages[-1].content)
    assert f"{mark(B, 'file', 'd.txt')}\n(exactly 2 lines)" in later
    assert f"{mark(B, 'file', 'a.txt')}\n(exactly 60 words)" in later
    assert "b.json" not in later.partition("counts the files")[0].replace("it links", "").partition("(the page")[0]
    assert mark(B, "delete", "name") in later


def test_a_repair_asks_for_the_files_that_fail_and_shows_them_whole() -> None:
    prompt = repair_prompt(
        brief(),
        boundary=B,
        tree=TREE,
        findings=Findings(failing=(failing("a.txt: exactly 50 words", detail="it has 2 words"),)),
    )
    form = form_of(prompt.messages[-1].content)
    assert (
        f"these 1 files, in this order, every line of them:\n{mark(B, 'file', 'a.txt')}\n(exactly 50 words)\n{mark(B, 'complete', 1)}"
        in form
    )
    assert present_files(prompt.messages)["a.txt"] == b"one two\n"
    assert "gave: it has 2 words" in prompt.messages[-1].content


@pytest.mark.parametrize(
    ("results", "files"),
    [
        ([failing("a.txt: exactly 50 words"), failing("c.svg: is there")], ["a.txt", "c.svg"]),
        (
            [failing("index.html: links or loads every file that is asked for"), failing("b.json: is there")],
            ["index.html", "b.json"],
        ),
        ([failing("document.title === 'x'", Kind.JS), failing("b.json: is there")], ["index.html", "b.json"]),
        ([failing("a.txt has exactly 50 words.", Kind.PROSE, "a.txt: it has 2 words")], ["a.txt"]),
        ([failing("a.txt and c.svg exist", Kind.PROSE, "c.svg is missing")], ["c.svg"]),
        ([failing("old.txt: exactly 5 words", Kind.LASTING)], ["old.txt"]),
        ([failing("index.html: contains 'x'", Kind.LASTING), failing("a.txt: is there")], ["index.html", "a.txt"]),
    ],
)
def test_a_repairs_form_holds_the_failing_files_and_the_page_where_that_fails(
    results: list[CheckResult], files: list[str]
) -> None:
    form = repaired(*results)
    assert [
        line.split()[-1] for line in form.splitlines() if f"{B} file" in line and not line.startswith("It")
    ] == files
    assert mark(B, "complete", len(files)) in form


def test_a_failing_page_alone_is_repaired_in_the_form_for_a_page() -> None:
    assert repaired(failing("document.title === 'x'", Kind.JS)).startswith(
        "Your last answer is the app as it is. It was opened in a browser"
    )
    assert repaired(failing("index.html: its links lead to files that are there")).count(" file index.html") == 1


def test_a_large_file_is_described_and_not_shown() -> None:
    tree = TREE | {"a.txt": b"word " * MOST_SHOWN}
    prompt = repair_prompt(
        brief(), boundary=B, tree=tree, findings=Findings(failing=(failing("a.txt: exactly 50 words"),))
    )
    assert "a.txt" not in present_files(prompt.messages)


def test_paths_are_those_that_a_failure_speaks_of() -> None:
    assert paths_of(failing("a.txt: is there")) == {"a.txt"}
    assert paths_of(failing("The page is nice", Kind.PROSE)) == set()
    assert paths_of(failing("x", Kind.JS)) == set()


def test_an_answer_in_the_form_is_read_back() -> None:
    files = {
        "index.html": b"<!DOCTYPE html>\n",
        "a.txt": b"x\n",
        "b.json": b'{"x": 1}\n',
        "c.svg": b"<svg/>\n",
        "README.md": b"# A\n",
    }
    parsed = parse_reply(format_files(files, B) + mark(B, "complete", 5), B)
    assert (parsed.outcome, dict(parsed.files)) == (Outcome.OK, files)
