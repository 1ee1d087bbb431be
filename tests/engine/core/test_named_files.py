from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.file_mentions import is_library, units
from engine.core.named_files import MOST_FILES, named_files
from tests.little_time import little_time


def names(text: str, **how: object) -> list[str]:
    return [one.path for one in named_files(text, **how)]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Create these files: a.txt (300 words), b.json ({x, y}), c.md, index.html (linking to all), LICENSE.", ["a.txt", "b.json", "c.md", "index.html", "LICENSE"]),
        ("Create a.txt, b.md and c.svg.", ["a.txt", "b.md", "c.svg"]),
        ("Create a file of exactly 50 words called notes.txt.", ["notes.txt"]),
        ("Write a haiku to haiku.txt and put the score in score.json.", ["haiku.txt", "score.json"]),
        ("Publish a site with index.html, about.html and contact.html.", ["index.html", "about.html", "contact.html"]),
        ("The repository must contain `feed.xml` and `robots.txt`.", ["feed.xml", "robots.txt"]),
        ("Create these files:\n- a.txt: a story\n- b.json\n1. c.md - three words", ["a.txt", "b.json", "c.md"]),
        ("Files:\n* **a.txt** (one line)\n* `docs/b.md` — headings", ["a.txt", "docs/b.md"]),
        ("Deliverables:\n\n- a.txt\n- b.txt", ["a.txt", "b.txt"]),
        ("ashravan.txt (a 300-400 word short story)\ndilemma.json ({people, case_1})", ["ashravan.txt", "dilemma.json"]),
        ("about.md must have three words.", ["about.md"]),
        ("Add a style.css and an app.js.", ["style.css", "app.js"]),
        ("Make index.html that links to about.html and feed.xml", ["index.html", "about.html", "feed.xml"]),
        ("Create ./data/cities.json and \"notes.txt\".", ["data/cities.json", "notes.txt"]),
        ("Create a.txt, then create a.txt again with ten words.", ["a.txt"]),
        ("Create page.html that fetches data.csv. Create out.txt.", ["page.html", "out.txt"]),
        ("data.json must look like:\n```json\n{\n  \"a\": 1\n}\n```\nCreate b.txt.", ["data.json", "b.txt"]),
        ("Create a.txt. Do not create b.txt.", ["a.txt"]),
        ("Include sitemap.xml; its address is https://example.org/sitemap.xml", ["sitemap.xml"]),
    ],
)  # fmt: skip
def test_the_files_that_a_brief_asks_for_are_found_in_its_order(text: str, asked: list[str]) -> None:
    assert names(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        "Publish a page titled 'Sales' that fetches data.csv from attachments and sums its sales column.",
        "Publish a page that shows the sum of data.csv in #total.",
        "Make a page titled 'Visits' that reads visits.json (a list of {\"month\", \"visits\"}) and draws a bar chart.",
        "Render the attached guide.md inside #guide on a page titled 'Guide'.",
        "Create a chart from data.csv.",
        "Build a page that uses marked.js and highlight.js to render input.md.",
        "Include marked.min.js and chart.js from a CDN.",
        "Create a page with https://cdn.example.org/lib/app.js and //cdn.example.org/b.css loaded.",
        "Each file has a name such as notes.txt.",
        "Show file names, e.g. report.pdf, in a list.",
        "Add a button that downloads the table as table.csv.",
        "Create a button which exports data.json.",
        "Remove old.html and rename a.txt.",
        "Do not create notes.txt.",
        "Attachments:\n- data.csv: the sales\n- rates.json",
        "Add fetch(\"data.json\") to the script.",
        "The page lists names such as Node.js, Vue.js and Next.js.",
        "Write a page about document.title, array.map and console.log, version 3.5.",
        "data.csv contains the columns a and b.",
        "The text of the chosen tab's file (intro.txt, install.txt, faq.txt, attached) is fetched and shown in #panel.",
        "Create a page without style.css.",
        "Write to me@notes.md or @data.json",
        "",
        "Show the words of input.md (split at white space) in #word-count.",
        "Update the page so that it multiplies by the rate under USD in the attached rates.json.",
    ],
)  # fmt: skip
def test_what_is_read_shown_excluded_or_only_an_example_is_not_asked_for(text: str) -> None:
    assert names(text) == []


def test_an_attachment_is_asked_for_only_in_a_list_of_what_is_to_be_published() -> None:
    text = "Create a page and keep data.csv. Create data.csv"
    assert names(text, attached={"data.csv"}) == []
    listed = "Create a.txt, uid.txt (the attached file, unchanged) and b.txt."
    assert names(listed, attached={"uid.txt"}) == ["a.txt", "uid.txt", "b.txt"]


def test_a_checks_statement_is_a_demand_and_a_briefs_is_none() -> None:
    assert names("story.txt has 300 words.") == []
    assert names("story.txt has 300 words.", demanding=True) == ["story.txt"]


def test_what_is_said_of_a_file_ends_where_the_next_begins() -> None:
    first, second = named_files("Create a.txt with ten words, no title, and a 50-word b.txt (plain).")
    assert "ten words, no title" in first.said[0]
    assert "50-word" not in first.said[0]
    assert "50-word" in second.said[0]
    assert "(plain)" in second.said[0]


def test_the_next_sentence_may_speak_of_it() -> None:
    (one,) = named_files("Write story.txt. It must have 300 words. The page is blue.")
    assert one.said[-1] == "must have 300 words."


def test_each_file_of_a_list_gets_what_is_said_of_each() -> None:
    first, second = named_files("Create a.txt and b.txt, each with exactly ten words.")
    assert "exactly ten words" in first.said[0]
    assert "exactly ten words" in second.said[0]


def test_brackets_keep_a_form_over_several_lines_together() -> None:
    (unit, after) = units("Create a.json ({\n  x: number;\n  y\n}) now.\nAnd b.txt")
    assert [m.path for m in unit.mentions] == ["a.json"]
    assert [m.path for m in after.mentions] == ["b.txt"]


def test_a_bracket_that_never_closes_hides_nothing() -> None:
    assert names("Create a.txt (see below. Create b.txt." + " x" * 3_000) == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("name", "library"), [("marked.js", True), ("x.min.css", True), ("app.js", False), ("three.txt", False)]
)
def test_libraries_are_loaded_and_not_written(name: str, library: bool) -> None:
    assert is_library(name) is library


@pytest.mark.parametrize("name", ["../up.txt", "/etc/a.txt", "con.txt", "a/../b.txt"])
def test_no_name_that_may_not_be_written_is_taken(name: str) -> None:
    assert all(".." not in path and not path.startswith("/") and path != "con.txt" for path in names(f"Create {name}."))


def test_there_is_an_end_to_how_many_are_taken() -> None:
    assert len(names("Create " + ", ".join(f"f{n}.txt" for n in range(200)))) == MOST_FILES


@pytest.mark.parametrize(
    "text",
    [
        "Create a.txt " * 4_000,
        "read a.txt " * 4_000,
        "(" * 40_000,
        "{[(" * 10_000 + "a.txt",
        "Create " + "a." * 20_000 + "txt",
        "Create " + "a/" * 20_000 + "b.txt",
        "a" * 40_000,
        "Create a.json (" + "{a: " * 9_000,
        "\n".join(["- a.txt:"] * 5_000),
        "`" * 40_000 + "a.txt" + "`" * 40_000,
        "Create a.txt with " + "no more than " * 3_000,
        " and " * 8_000 + "a.txt",
        "Create a.txt:\n" * 2_900,
    ],
    ids=lambda text: text[:16],
)
def test_hostile_briefs_are_read_in_no_time(text: str) -> None:
    with little_time():
        named_files(text)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Create",
                "a.txt",
                "(",
                ")",
                "{x}",
                ",",
                " and ",
                ".",
                "\n",
                "- ",
                "fetch",
                "b.json",
                "each",
                "it",
                ":",
                "`",
                "\0",
            ]
        ),
        max_size=40,
    ).map(" ".join)
)
def test_no_text_breaks_the_reading(text: str) -> None:
    for one in named_files(text):
        assert one.path in {"a.txt", "b.json"}
