from __future__ import annotations

from engine.core.changes import LONGEST_SHOWN, MOST_SHOWN, as_text, change_results, changes_of, with_line_ends_of
from engine.core.checks import Verdict


def test_what_is_to_be_changed_is_shown_whole_within_bounds_in_all() -> None:
    files = {f"{letter}.py": letter.encode() * (LONGEST_SHOWN - 1) for letter in "abcd"} | {"e.py": b"e"}
    shown = changes_of("Fix a.py, b.py, c.py, d.py and e.py.", files).texts
    assert list(shown) == ["a.py", "b.py", "e.py"]
    assert sum(map(len, shown.values())) <= MOST_SHOWN


def test_text_is_told_from_what_is_none() -> None:
    assert as_text(b"\xef\xbb\xbfa") == "a"
    assert as_text("na\u00efve".encode("cp1252")) == "na\u00efve"
    assert as_text(b"\x89PNG\r\n\x1a\n\xff") is None
    assert as_text(b"a\0b") is None


def test_line_ends_stay_those_of_the_file_that_came() -> None:
    assert with_line_ends_of(b"a\r\nb\r\n", b"c\nd\n") == b"c\r\nd\r\n"
    assert with_line_ends_of(b"a\nb\r\n", b"c\nd\n") == b"c\nd\n"
    assert with_line_ends_of(b"", b"c\n") == b"c\n"


def test_an_attachment_that_was_to_be_changed_and_was_not_is_told() -> None:
    came = {"a.py": b"1", "data.csv": b"2", "index.html": b"3"}
    for files, verdict in (({"a.py": b"1"}, Verdict.FAIL), ({}, Verdict.FAIL), ({"a.py": b"9"}, Verdict.PASS)):
        (result,) = change_results("Fix a.py and show data.csv.", came, files)
        assert (result.verdict, "a.py" in result.check.text) == (verdict, True)
    (result,) = change_results("Delete data.csv.", came, {})
    assert result.verdict is Verdict.PASS
