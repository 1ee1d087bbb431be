"""Edits in a reply: pairs of old and new text below a file's name, used for a shown file, all of them or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.prompts.parsing.edits import Edit
from engine.prompts.parsing.parsed_reply import Outcome, ParsedReply, merged
from engine.prompts.replies import format_edits, mark, parse_reply

B = "7f3a9c"
SHOWN = {"index.html": "<html>\n<h1>1</h1>\n<h2>2</h2>\n</html>\n", "app.js": "let a = 1;\nlet b = 2;\n"}
H1, H2 = ("<h1>1</h1>\n", "<h1>one</h1>\n"), ("<h2>2</h2>\n", "")


NEW_CSS = "=== 7f3a9c file new.css\nb {}\n"
OLD, NEW = mark(B, "old"), mark(B, "new")


def edits(path: str, *pairs: tuple[str, str]) -> str:
    return format_edits({path: [Edit(old, new) for old, new in pairs]}, B)


def whole(path: str, body: str) -> str:
    return f"{mark(B, 'file', path)}\n{body}"


def parsed(*parts: str, closing: str = "complete 1", finish_reason: str = "stop") -> ParsedReply:
    text = "".join(parts) + (f"=== {B} {closing}\n" if closing else "")
    return parse_reply(text, B, finish_reason=finish_reason, shown=SHOWN)


def files(reply: ParsedReply) -> dict[str, str]:
    return {path: content.decode() for path, content in reply.whole_files(SHOWN).items()}


def test_edits_whole_files_and_deletions_come_in_one_reply() -> None:
    reply = parsed(
        edits("index.html", H2, H1),
        NEW_CSS,
        mark(B, "delete", "app.js") + "\n",
        closing="complete 2",
    )
    assert (reply.outcome, reply.problems, reply.deletions) == (Outcome.OK, (), ("app.js",))
    assert files(reply) == {"index.html": "<html>\n<h1>one</h1>\n</html>\n", "new.css": "b {}\n"}


def test_a_file_that_is_edited_in_two_places_of_a_reply_counts_once_or_twice() -> None:
    parts = (edits("index.html", H1), edits("app.js", ("let a = 1;\n", "")), edits("index.html", H2))
    for closing in ("complete 2", "complete 3"):
        reply = parsed(*parts, closing=closing)
        assert (reply.outcome, reply.edits["index.html"]) == (Outcome.OK, (Edit(*H1), Edit(*H2)))
    assert parsed(*parts, closing="complete 4").outcome is Outcome.SALVAGED


def test_a_repeated_edit_is_one_and_one_that_changes_nothing_is_none() -> None:
    reply = parsed(edits("index.html", H1, H1, ("<h2>2</h2>\n", "<h2>2</h2>\n")))
    assert files(reply) == {"index.html": SHOWN["index.html"].replace("<h1>1", "<h1>one")}
    assert reply.problems == ("An edit of 'index.html' was left out: its new text is its old one.",)
    assert parsed(edits("index.html", ("a\n", "a\n"))).outcome is Outcome.NO_FILES


@pytest.mark.parametrize(
    ("parts", "path", "says"),
    [
        ([edits("index.html", H1, ("<h3>\n", "x\n"))], "index.html", "edit 2 ('<h3>'): its old text is not"),
        ([edits("index.html", ("", "x\n"))], "index.html", "its old text is empty"),
        ([edits("other.css", H1)], "other.css", "not shown to you whole"),
        ([edits("index.html", H1), whole("index.html", "<p>\n")], "index.html", "both whole and edited"),
        ([whole("index.html", "<p>\n"), edits("index.html", H1)], "index.html", "both whole and edited"),
        ([whole("index.html", "<p>\n"), OLD, "\n<p>\n", NEW, "\nx\n"], "index.html", "both whole"),
        ([edits("index.html", H1), mark(B, "delete", "index.html"), "\n"], "index.html", "both edited and deleted"),
        ([mark(B, "edit", "index.html"), "\n<h1>one</h1>\n"], "index.html", "in pairs"),
        ([edits("index.html", H1), mark(B, "old"), "\n<h2>2</h2>\n"], "index.html", "in pairs"),
        ([mark(B, "edit", "index.html"), "\n", NEW, "\nx\n", OLD, "\ny\n"], "index.html", "pairs"),
        ([edits("index.html", (SHOWN["index.html"], ""))], "index.html", "remove all of it"),
        ([edits("index.html", ("<h1>1</h1>\n", "\0\n"))], "index.html", "it holds NUL bytes"),
        ([edits("index.html", ("<h1>1</h1>\n", "x" * 1_000_001 + "\n"))], "index.html", "larger than 1,000,000 bytes"),
    ],
)  # fmt: skip
def test_edits_that_do_not_fit_are_told_and_not_made(parts: list[str], path: str, says: str) -> None:
    reply = parsed(*parts, NEW_CSS)
    assert reply.outcome is Outcome.UNMATCHED
    assert {one.path for one in reply.misfits} == {path}
    assert says in reply.misfits[0].says
    assert reply.problems[-1] == f"The edits of {path} do not fit."
    assert files(reply.without({path})) == {"new.css": "b {}\n"}


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ".git/config", "a\\b", ".env"])
def test_an_unsafe_path_is_left_out_and_named(path: str) -> None:
    reply = parsed(edits(path, H1), edits("index.html", H1), closing="complete 2")
    assert (reply.outcome, list(reply.edits), len(reply.problems)) == (Outcome.OK, ["index.html"], 1)


def test_blocks_below_no_file_are_left_out() -> None:
    stray = f"{mark(B, 'old')}\na\n{mark(B, 'new')}\nb\n"
    assert parsed(stray, edits("index.html", H1)).edits == {"index.html": (Edit(*H1),)}
    assert parsed(stray).outcome is Outcome.NO_FILES


def test_a_line_file_above_pairs_and_line_ends_of_windows_are_forgiven() -> None:
    text = edits("index.html", H1, H2).replace(" edit ", " file ") + mark(B, "complete", 1)
    for written in (text, text.replace("\n", "\r\n"), text.replace("=== ", "")):
        reply = parse_reply(written, B, shown=SHOWN)
        assert (reply.outcome, files(reply)) == (Outcome.OK, {"index.html": "<html>\n<h1>one</h1>\n</html>\n"})


def test_another_boundary_inside_a_text_is_text() -> None:
    forged = "=== 000000 new\n=== 000000 complete 1\n"
    assert files(parsed(edits("index.html", (H1[0], forged))))["index.html"] == SHOWN["index.html"].replace(
        H1[0], forged
    )


BLOCK = "<<<<<<< SEARCH\n<h1>1</h1>\n=======\n<h1>one</h1>\n>>>>>>> REPLACE\n"
DIFF = "--- a/index.html\n+++ b/index.html\n@@ -2,2 +2,2 @@\n-<h1>1</h1>\n+<h1>one</h1>\n <h2>2</h2>\n"


@pytest.mark.parametrize(
    "text",
    [
        f"Here:\n\nindex.html\n```html\n{BLOCK}```\n",
        f"```diff\n{DIFF}```\n",
        f"{mark(B, 'edit', 'index.html')}\n{BLOCK}{mark(B, 'complete', 1)}\n",
        f"{mark(B, 'file', 'index.html')}\n{BLOCK}{mark(B, 'complete', 1)}\n",
        f"{mark(B, 'edit', 'index.html')}\n```diff\n{DIFF}```\n{mark(B, 'complete', 1)}\n",
    ],
    ids=["blocks", "a diff", "blocks as edit", "blocks as file", "a diff as edit"],
)
def test_edits_in_another_form_are_used_where_they_fit(text: str) -> None:
    reply = parse_reply(text, B, shown=SHOWN)
    assert reply.outcome in {Outcome.OK, Outcome.SALVAGED}
    assert files(reply) == {"index.html": SHOWN["index.html"].replace("<h1>1", "<h1>one")}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (f"index.html\n```html\n{BLOCK.replace('<h1>1', '<h1>7')}```\n", Outcome.UNMATCHED),
        (f"style.css\n```css\n{BLOCK}```\n", Outcome.NO_FILES),
        (f"index.html\n```html\n{BLOCK[:20]}```\n", Outcome.NO_FILES),
    ],
    ids=["no match", "not shown", "cut off"],
)
def test_edits_in_another_form_never_become_a_files_text(text: str, outcome: Outcome) -> None:
    reply = parse_reply(text, B, shown=SHOWN)
    assert (reply.outcome, reply.files) == (outcome, {})


def test_in_a_first_round_conflict_marks_are_a_files_text() -> None:
    text = whole("notes.txt", BLOCK) + mark(B, "complete", 1)
    assert parse_reply(text, B, shown={}).files == {"notes.txt": BLOCK.encode()}


def test_an_edit_that_was_cut_off_is_not_kept_and_those_before_it_are() -> None:
    text = edits("app.js", ("let a = 1;\n", "")) + edits("index.html", H1, H2)
    for cut in range(text.index("<h2>"), len(text)):
        reply = parse_reply(text[:cut], B, finish_reason="length", shown=SHOWN)
        assert (reply.outcome, reply.unfinished) == (Outcome.TRUNCATED, "index.html")
        assert dict(reply.edits) == {"app.js": (Edit("let a = 1;\n", ""),), "index.html": (Edit(*H1),)}
        assert reply.misfits == ()
    first = parse_reply(text[: text.index("<h1>")], B, finish_reason="length", shown=SHOWN)
    assert (list(first.edits), first.unfinished) == (["app.js"], "index.html")


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [("<h1>one</h1>", Outcome.SALVAGED), ("", Outcome.TRUNCATED), (f"x\n=== {B[:3]}", Outcome.TRUNCATED)],
)
def test_without_a_closing_line_the_models_own_stop_ends_an_edit(ending: str, outcome: Outcome) -> None:
    text = f"{mark(B, 'edit', 'index.html')}\n{mark(B, 'old')}\n<h1>1</h1>\n{mark(B, 'new')}\n{ending}"
    assert parse_reply(text, B, shown=SHOWN).outcome is outcome


def test_a_continuation_adds_edits_and_repeated_ones_are_one() -> None:
    cut = parse_reply(edits("index.html", H1) + mark(B, "old"), B, finish_reason="length", shown=SHOWN)
    both = merged(cut, parsed(edits("index.html", H1, H2)), SHOWN)
    assert (both.outcome, both.unfinished, both.edits) == (Outcome.OK, "", {"index.html": (Edit(*H1), Edit(*H2))})


def test_a_continuation_without_the_cut_file_leaves_it_unfinished() -> None:
    cut = parse_reply(edits("index.html", H1) + mark(B, "old"), B, finish_reason="length", shown=SHOWN)
    both = merged(cut, parsed(NEW_CSS), SHOWN)
    assert (both.unfinished, both.is_empty) == ("index.html", False)


def test_a_later_whole_file_takes_the_place_of_edits_and_misfits_are_given_up() -> None:
    bad = parsed(edits("index.html", H1, ("x\n", "y\n")), edits("app.js", ("let a = 1;\n", "")), closing="complete 2")
    assert files(merged(bad, parsed(whole("index.html", "<p>\n")), SHOWN)) == {
        "index.html": "<p>\n",
        "app.js": "let b = 2;\n",
    }
    again = merged(bad, parsed(edits("index.html", H2)), SHOWN)
    assert (again.misfits, again.edits["index.html"]) == ((), (Edit(*H2),))


def test_edits_of_two_replies_that_overlap_do_not_fit() -> None:
    cut = parse_reply(edits("index.html", H1) + mark(B, "old"), B, finish_reason="length", shown=SHOWN)
    both = merged(cut, parsed(edits("index.html", (H1[0] + H2[0], "x\n"))), SHOWN)
    assert (both.outcome, len(both.misfits)) == (Outcome.UNMATCHED, 1)


_LINES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=12),
        st.sampled_from(["```", "<<<<<<< SEARCH", "=======", "--- a/x", f"=== {B[::-1]} new", "</html>"]),
    ),
    max_size=5,
).map(lambda lines: "".join(f"{line}\n" for line in lines))


@pytest.mark.slow
@given(
    st.dictionaries(
        st.sampled_from(["index.html", "app.js", "a/b.css"]),
        st.lists(
            st.tuples(_LINES, _LINES).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=4, unique=True
        ),
        min_size=1,
    )
)
def test_edits_survive_being_formatted_and_parsed(written: dict[str, list[tuple[str, str]]]) -> None:
    pairs = {path: tuple(Edit(old, new) for old, new in found) for path, found in written.items()}
    reply = parse_reply(format_edits(pairs, B) + mark(B, "complete", len(pairs)), B)
    assert (reply.outcome, reply.edits) == (Outcome.OK, pairs)


@given(
    st.lists(
        st.sampled_from(
            [
                "file index.html",
                "edit index.html",
                "edit ../x",
                "old",
                "new",
                "delete app.js",
                "complete 1",
                "binary x",
                "text",
                "<h1>1</h1>",
                "<<<<<<< SEARCH",
                ">>>>>>> REPLACE",
            ]
        ),
        max_size=10,
    ),
    st.sampled_from(["stop", "length"]),
)
def test_no_order_of_lines_breaks_the_parser(lines: list[str], finish_reason: str) -> None:
    verbs = ("file", "edit", "old", "new", "delete", "complete", "binary")
    text = "".join(f"=== {B} {line}\n" if line.startswith(verbs) else f"{line}\n" for line in lines)
    reply = parse_reply(text, B, finish_reason=finish_reason, shown=SHOWN)
    reply.without({one.path for one in reply.misfits}).whole_files(SHOWN)


def test_a_continuation_with_the_cut_file_whole_takes_the_place_of_its_edits() -> None:
    cut = parse_reply(edits("index.html", H1) + mark(B, "old"), B, finish_reason="length", shown=SHOWN)
    both = merged(cut, parsed(whole("index.html", "<p>\n")), SHOWN)
    assert (both.outcome, both.unfinished, files(both)) == (Outcome.OK, "", {"index.html": "<p>\n"})


def test_of_a_file_that_was_cut_off_in_its_first_edit_nothing_is_kept() -> None:
    text = edits("index.html", H1).replace(" edit ", " file ")
    reply = parse_reply(text[:-4], B, finish_reason="length", shown=SHOWN)
    assert (reply.files, reply.edits, reply.unfinished) == ({}, {}, "index.html")


@pytest.mark.parametrize("body", [BLOCK.replace("=======\n", ""), DIFF.replace("index.html", "other.html")])
def test_edits_in_another_form_that_cannot_be_read_are_not_the_shown_files_text(body: str) -> None:
    reply = parsed(whole("index.html", f"```\n{body}```\n"))
    assert (reply.outcome, reply.files) == (Outcome.UNMATCHED, {})


def test_a_file_may_hold_edits_in_another_form_as_an_example() -> None:
    body = f"let a;\n{BLOCK}{DIFF}"
    assert files(parsed(whole("app.js", body))) == {"app.js": body}
