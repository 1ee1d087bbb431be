from __future__ import annotations

import pytest

from engine.checks.gates import (
    BETWEEN,
    ENDINGS,
    PLACEHOLDERS,
    SECRETS,
    TOKENS,
    barring_results,
    gate_results,
    is_barred,
    secret_line,
)
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict

OURS = "the-shared-secret"
TOKEN = "hf_" + "aB3dE5gH7j" * 3
FALLBACK = b"<!DOCTYPE html>\n<p>Hello, and the rest of the page</p>\n"


def secret_in(content: bytes) -> str | None:
    return "SECRET" if OURS.encode() in content else None


def gated(files: dict[str, str | bytes], allowed: str = "") -> dict[str, CheckOutcome]:
    contents = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    results = gate_results(contents, secret_in=secret_in, allowed=allowed)
    assert [(r.check.kind, r.target) for r in results] == [(Kind.GATE, Target.LOCAL)] * 4
    return {r.check.text: r for r in results}


def failing(files: dict[str, str | bytes], allowed: str = "") -> dict[str, str]:
    return {text: r.detail for text, r in gated(files, allowed).items() if r.verdict is not Verdict.PASS}


def test_a_fallback_page_passes_all_gates_in_silence() -> None:
    results = gated(
        {"index.html": FALLBACK, "logo.png": b"\x89PNG\xff\0", "README.md": "# App\n\n// rest of the code\n"}
    )
    assert [(text, r.verdict, r.detail) for text, r in results.items()] == [
        (PLACEHOLDERS, Verdict.PASS, ""),
        (ENDINGS, Verdict.PASS, ""),
        (SECRETS, Verdict.PASS, ""),
        (TOKENS, Verdict.PASS, ""),
    ]
    assert failing({}) == {}


def test_a_placeholder_is_named_with_its_place_and_its_words() -> None:
    assert failing({"index.html": FALLBACK, "a.js": "let a;\n\n  // rest of the code\n"}) == {
        PLACEHOLDERS: "a.js:3: '// rest of the code' stands for code that is not there"
    }


@pytest.mark.parametrize("path", ["a.js", "README.md", "deep/data.bin"])
def test_a_secret_of_ours_is_named_with_its_place_in_any_file(path: str) -> None:
    assert failing({path: b"\xff\nlet a;\nlet b = '" + OURS.encode() + b"';\n"}) == {
        SECRETS: f"{path}:3: the value of SECRET"
    }


def test_a_tokens_shape_is_named_with_its_place_and_four_of_its_characters() -> None:
    assert failing({"a.js": f"\nconst key = '{TOKEN}';\n"}) == {
        TOKENS: "a.js:2: hf_a… (33 characters) looks like a Hugging Face token"
    }


@pytest.mark.parametrize("before", ["", "x" * 100 + " "])
@pytest.mark.parametrize("value", [OURS, TOKEN])
def test_no_finding_shows_a_value_nor_a_part_of_it(value: str, before: str) -> None:
    """Not even where a placeholder stands on the same line, or cuts the value in two."""
    found = failing(
        {"a.js": f"a();\nuse('{before}{value}'); // rest of the code\n", "b.js": f"// your code here {value}"}
    )
    assert set(found) == {PLACEHOLDERS, SECRETS if value == OURS else TOKENS}
    assert "a.js:2: a line with a credential stands for code that is not there" in found[PLACEHOLDERS]
    assert value[:8] not in "".join(found.values())


@pytest.mark.parametrize(
    ("allowed", "passes"),
    [(f"Send {TOKEN} along.", True), (TOKEN[:-1], False), ("Send a token along.", False), ("", False)],
)
def test_a_token_that_the_brief_itself_gives_was_asked_for(allowed: str, passes: bool) -> None:
    assert (failing({"a.js": f"send('{TOKEN}')"}, allowed) == {}) is passes


def test_a_brief_that_names_one_token_allows_no_other() -> None:
    other = TOKEN[::-1].replace("_fh", "") + "x"
    assert "a.js:2" in failing({"a.js": f"'{TOKEN}'\n'hf_{other}'"}, allowed=TOKEN)[TOKENS]


def test_no_brief_allows_a_secret_of_ours() -> None:
    assert set(failing({"a.js": f"'{OURS}'"}, allowed=OURS)) == {SECRETS}


def test_at_most_ten_findings_are_reported() -> None:
    detail = failing({"a.js": "// rest of the code\n" * 25})[PLACEHOLDERS]
    assert detail.count("stands for code") == 10
    assert (detail.startswith("a.js:1: "), "a.js:10: " in detail, "a.js:11: " in detail) == (True, True, False)


def test_what_stands_between_findings_stands_in_none() -> None:
    detail = failing({"a.js": "run(); go(); // rest of the code\nfor (;;) {} // your code here"})[PLACEHOLDERS]
    assert [one.split(":")[1] for one in detail.split(BETWEEN)] == ["1", "2"]


def result(text: str, verdict: Verdict, kind: Kind = Kind.GATE) -> CheckOutcome:
    return CheckOutcome(Check(kind, text), Target.LOCAL, verdict)


@pytest.mark.parametrize(
    ("one", "barred"),
    [
        (result(SECRETS, Verdict.FAIL), True),
        (result(TOKENS, Verdict.FAIL), True),
        (result(TOKENS, Verdict.ERROR), True),
        (result(PLACEHOLDERS, Verdict.FAIL), False),
        (result(SECRETS, Verdict.PASS), False),
        (result(SECRETS, Verdict.NOT_RUN), False),
        (result(SECRETS, Verdict.FAIL, Kind.PROSE), False),
    ],
)
def test_only_a_secret_and_a_token_keep_a_tree_from_being_published(one: CheckOutcome, barred: bool) -> None:
    results = [result(PLACEHOLDERS, Verdict.FAIL), one, result("1 + 1", Verdict.FAIL, Kind.JS)]
    assert is_barred(results) is barred
    assert barring_results(results) == ([one] if barred else [])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"{OURS}", 1),
        (f"a\r\nb\r\n{OURS}\r\n{OURS}", 3),
        (f"\n\n\n'{OURS}'\n", 4),
    ],
)
def test_the_first_line_with_a_secret_is_named(content: str, line: int) -> None:
    assert secret_line(content.encode(), secret_in) == ("SECRET", line)


def test_a_secret_over_several_lines_is_reported_at_its_first_line() -> None:
    assert secret_line(b"a\nb\nc", lambda content: "KEY" if b"b\nc" in content else None) == ("KEY", 1)


def test_content_without_a_secret_has_no_line() -> None:
    assert secret_line(b"a\nb", secret_in) is None


def test_what_a_changed_attachment_held_already_is_no_finding_there_and_one_elsewhere() -> None:
    text = f"// rest of the code\nkey = '{TOKEN}'\n"
    files = {"run.js": text.encode(), "index.html": f"<script>{TOKEN}</script>".encode()}
    originals = {"run.js": text.replace("\n", "\r\n").encode()}
    results = {r.check.text: r for r in gate_results(files, secret_in=secret_in, originals=originals)}
    assert results[PLACEHOLDERS].verdict is Verdict.PASS
    assert results[TOKENS].detail.startswith("index.html:1")
    assert "run.js" not in results[TOKENS].detail
