from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest

from engine.adapters.simulated_author import SimulatedAuthor
from engine.core.brief import AttachedFile, Brief
from engine.core.checks import parse_check
from engine.core.prompts import generate_prompt
from engine.core.replies import Outcome, parse_reply
from engine.errors import Permanent, Transient
from engine.ports import Message, Usage

B = "7f3a9c"
CSV = AttachedFile("data.csv", "text/csv", b"region,amount\nnorth,120.50\nsouth,80\n")
SALES = "Publish a page titled 'Sales Summary' that fetches data.csv, sums its amount column, displays the total inside #total-sales and lists the rows in a table with id 'sales-table'."
GITHUB = "Publish a Bootstrap page with form id='github-user-abcd' that fetches a GitHub username, optionally uses ?token=, and displays the account creation date in YYYY-MM-DD UTC inside a div with id='creation-date'."
HEADINGS = ("Summary", "Setup", "Usage", "Code explanation", "License")
VOID = {"meta", "img", "input", "link", "br"}


class Page(HTMLParser):
    """What a browser would see of a page: ids with tag and text, the first script, whether all tags close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.scripts: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.attributes.append(known)
        identifier = known.get("id") or ""
        assert identifier not in self.ids or not identifier, f"twice: {identifier}"
        self.ids[identifier] = tag
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self._open.append((tag, identifier))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "script":
            self.scripts[-1] += data
        for _, identifier in self._open:
            self.texts[identifier] = self.texts.get(identifier, "") + data


def written(
    text: str,
    *,
    checks: tuple[str, ...] = (),
    attachments: tuple[AttachedFile, ...] = (),
    tree: dict[str, bytes] | None = None,
) -> dict[str, str]:
    brief = Brief(
        "a@example.com", "t", 2 if tree else 1, "n", text, tuple(parse_check(check) for check in checks), attachments
    )
    reply = SimulatedAuthor().write(
        generate_prompt(brief, boundary=B, tree=tree).messages, model="simulated", seconds=5
    )
    parsed = parse_reply(reply.text, B, finish_reason=reply.finish_reason)
    assert (parsed.outcome, parsed.problems) == (Outcome.OK, ())
    return {path: content.decode() for path, content in parsed.files.items()}


def undone(page: str) -> str:
    return page.partition("<h2>Not done</h2>")[2]


def test_it_says_that_it_is_simulated_everywhere() -> None:
    author = SimulatedAuthor()
    assert (author.provider, tuple(author.models), author.simulated) == ("simulated", ("simulated",), True)
    files = written(SALES, attachments=(CSV,))
    assert "Written by the simulated model, not by a language model" in Page(files["index.html"]).texts[""]
    assert "Written by the simulated model, not by a language model" in files["README.md"]


def test_it_reports_no_tokens_and_no_cost() -> None:
    messages = generate_prompt(Brief("a@example.com", "t", 1, "n", "Hi.", (), ()), boundary=B).messages
    reply = SimulatedAuthor().write(messages, model="simulated", seconds=5)
    assert (reply.finish_reason, reply.usage) == ("stop", Usage())


def test_a_page_has_what_the_brief_names() -> None:
    page = Page(written(SALES, attachments=(CSV,))["index.html"])
    assert page.ids["sales-table"] == "table"
    assert page.ids["total-sales"] == "span"
    assert {"lang": "en"} in page.attributes
    assert any(known.get("name") == "viewport" for known in page.attributes)
    assert "<title>Sales Summary</title>" in written(SALES, attachments=(CSV,))["index.html"]


def test_data_is_read_at_run_time_and_never_typed_into_the_page() -> None:
    page = written(SALES, attachments=(CSV,))["index.html"]
    assert '"href": "data.csv"' in Page(page).scripts[0]
    assert '{"id": "total-sales", "file": "data.csv", "column": "amount", "operation": "sum"}' in Page(page).scripts[0]
    assert "120.5" not in page
    assert "200.5" not in page


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("Show it in #abc.", "abc"),
        ("a div with id='abc'", "abc"),
        ('a div with id="abc"', "abc"),
        ("the element with id abc1".replace("abc1", "'abc'"), "abc"),
        ('js: document.querySelector("#abc").textContent', "abc"),
        ("js: document.getElementById('abc')", "abc"),
        ("js: !!document.querySelector('#abc tbody tr')", "abc"),
    ],
)
def test_every_id_that_is_named_exists(text: str, identifier: str) -> None:
    assert identifier in Page(written("A page.", checks=(text,))["index.html"]).ids
    assert identifier in Page(written(text)["index.html"]).ids


def test_a_form_is_a_form_with_a_labelled_input() -> None:
    page = Page(written(GITHUB)["index.html"])
    assert page.ids["github-user-abcd"] == "form"
    assert page.ids["creation-date"] == "div"
    assert any(known.get("for") == "github-user-abcd-value" for known in page.attributes)
    assert page.ids["github-user-abcd-value"] == "input"


def test_what_it_cannot_do_is_listed_and_what_it_did_is_not() -> None:
    checks = (
        "Repo has MIT license",
        "js: document.title === 'Sales Summary'",
        "js: window.app.ready",
        "The page is pretty",
    )
    left = undone(written(f"{SALES} Add a pie chart.", checks=checks, attachments=(CSV,))["index.html"])
    assert "Add a pie chart." in left
    assert "window.app.ready" in left
    assert "The page is pretty" in left
    assert "Publish" not in left
    assert "MIT" not in left
    assert "document.title" not in left
    assert "GitHub username" in undone(written(GITHUB)["index.html"])


@pytest.mark.parametrize(
    "text",
    [
        "Publish a page titled 'X' that plays chess.",
        "Sums its amount column and shows the total inside #t in red.",
        "Publish a page titled 'X' which fetches data.csv and lists its rows in a table sorted by amount.",
    ],
)
def test_a_sentence_counts_as_done_only_where_every_clause_is_understood(text: str) -> None:
    assert "<li>" in undone(written(text, attachments=(CSV,))["index.html"])


def test_a_sentence_about_a_figure_without_data_is_not_done() -> None:
    page = written("Publish a page titled 'X' that sums the amount column and displays the total inside #t.")[
        "index.html"
    ]
    assert "displays the total" in undone(page)
    assert Page(page).texts["t"] == "Not done by the simulated model"


def test_text_of_strangers_is_escaped() -> None:
    files = written(
        "Publish a page titled '</title><script>alert(1)</script>'. <img src=x onerror=alert(2)>",
        checks=("<b>bold</b>",),
        attachments=(AttachedFile("a<b>.txt", "text/plain", b"x"),),
    )
    page = Page(files["index.html"])
    assert len(page.scripts) == 1
    assert not any("onerror" in known for known in page.attributes)
    assert "<b>" not in files["index.html"]


def test_attachments_are_shown_by_kind() -> None:
    files = (
        AttachedFile("logo 1.png", "image/png", b"\x89PNG\0"),
        AttachedFile("notes.md", "text/markdown", b"# Hi\n"),
        AttachedFile("rates.json", "application/json", b"{}"),
        AttachedFile("book.pdf", "application/pdf", b"%PDF\0"),
    )
    page = Page(written("Show them.", attachments=files)["index.html"])
    assert {"src": "logo%201.png", "alt": "logo 1.png", "id": "simulated-file-1"} in page.attributes
    assert re.search(r'"notes.md", "kind": "text"', page.scripts[0])
    assert re.search(r'"rates.json", "kind": "json"', page.scripts[0])
    assert {"href": "book.pdf", "id": "simulated-file-4"} in page.attributes


def test_the_readme_has_its_five_headings() -> None:
    readme = written(SALES, attachments=(CSV,))["README.md"]
    assert [line.removeprefix("## ") for line in readme.splitlines() if line.startswith("## ")] == list(HEADINGS)


def test_a_later_round_adds_what_is_new_and_keeps_the_rest() -> None:
    tree = {path: content.encode() for path, content in written(SALES, attachments=(CSV,)).items()} | {
        "data.csv": CSV.content
    }
    files = written(
        "Add a heading #second that says Second.",
        checks=("js: document.querySelector('#second').textContent.trim() === 'Second'",),
        tree=tree,
    )
    page = Page(files["index.html"])
    assert set(files) == {"index.html", "README.md"}
    assert (page.ids["second"], page.texts["second"]) == ("h2", "Second")
    assert page.ids["sales-table"] == "table"
    assert "<title>Sales Summary</title>" in files["index.html"]
    assert files["README.md"].startswith(tree["README.md"].decode().rstrip())
    assert "## Change 1" in files["README.md"]
    assert "Second." not in undone(undone(files["index.html"]))


def test_a_later_round_can_add_data_a_figure_and_a_title() -> None:
    tree = {path: content.encode() for path, content in written("Hello.").items()}
    files = written(
        "Set the title to 'New'. Sum the amount column and show the total in #t.", attachments=(CSV,), tree=tree
    )
    page = Page(files["index.html"])
    assert "<title>New</title>" in files["index.html"]
    assert '"column": "amount"' in page.scripts[-1]
    assert page.ids["t"] == "span"
    again = written(
        "Add a heading #second that says Two.",
        tree={path: content.encode() for path, content in files.items()} | {"data.csv": CSV.content},
    )
    assert Page(again["index.html"]).texts["second"] == "Two"
    assert again["README.md"].count("## Change ") == 2


def test_a_page_of_a_real_model_is_kept_and_added_to() -> None:
    tree = {
        "index.html": b"<!DOCTYPE html>\n<html><head><title>T</title></head><body><p id=a>kept</p></body></html>\n",
        "README.md": b"# T\n",
    }
    page = written("Add a heading #second that says Two. Show it in #a.", tree=tree)["index.html"]
    assert "<p id=a>kept</p>" in page
    assert page.index('<h2 id="second">Two</h2>') < page.index("</body>")
    assert "Changed by the simulated model" in page


def test_it_pretends_to_think_and_gives_up_at_the_bound() -> None:
    messages = generate_prompt(Brief("a@example.com", "t", 1, "n", "Hi.", (), ()), boundary=B).messages
    begun = time.monotonic()
    SimulatedAuthor(0.05).write(messages, model="simulated", seconds=5)
    assert time.monotonic() - begun >= 0.05
    with pytest.raises(Transient) as raised:
        SimulatedAuthor(60).write(messages, model="simulated", seconds=0.05)
    assert raised.value.code == "model_timeout"
    assert time.monotonic() - begun < 50


def test_messages_that_are_no_prompt_of_ours_are_refused() -> None:
    with pytest.raises(Permanent) as raised:
        SimulatedAuthor().write([Message("user", "Hello")], model="simulated", seconds=1)
    assert raised.value.code == "model_refused_request"
