from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.inputs.excerpts import WHOLE_CHARACTERS, excerpt, is_shown_whole


def test_a_small_text_is_shown_whole_and_called_so() -> None:
    text = "".join(f"line {number}\n" for number in range(700))
    assert excerpt(text, 9_000) == ["The whole file:", text.rstrip("\n")]
    assert excerpt("", 9_000) == ["It is empty."]


def test_a_larger_text_is_shown_by_its_first_and_last_lines_with_the_gap_named() -> None:
    lines = [f"this is line number {number}" for number in range(1_000)]
    whole, *shown = excerpt("\n".join(lines) + "\n", 9_000)
    gap = next(at for at, line in enumerate(shown) if line.startswith("["))
    first, last = shown[1:gap], shown[gap + 2 :]
    assert whole == f"Of its 1,000 lines the first {len(first)} and the last {len(last)} are shown."
    assert shown[0] == f"The first {len(first)} lines:"
    assert shown[gap] == f"[{1_000 - len(first) - len(last)} lines left out here]"
    assert shown[gap + 1] == f"The last {len(last)} lines:"
    assert first == lines[: len(first)]
    assert last == lines[-len(last) :]


def test_a_text_for_which_there_is_little_room_is_shown_in_parts_or_not_at_all() -> None:
    text = "a line of text\n" * 100
    assert not is_shown_whole(text, 1_000)
    assert sum(map(len, excerpt(text, 1_000))) < 1_100
    assert excerpt(text, 100) == ["[its content is not shown: there is no room]"]


def test_a_text_of_long_lines_is_shown_by_its_first_and_last_characters() -> None:
    text = "".join(f"{number}," for number in range(10_000))
    shown = excerpt(text, 9_000)
    assert shown[0] == "The first 1,650 characters:"
    assert shown[1] == text[:1_650]
    assert shown[2] == f"[{len(text) - 2_200:,} characters left out here]"
    assert shown[4] == text[-550:]


def test_one_long_line_among_others_is_cut_and_named() -> None:
    shown = excerpt("x" * 1_300 + "\n" + "line\n" * 2_000, 9_000)
    assert shown[2] == "x" * 300 + " [1,000 characters of this line left out]"


def test_control_characters_are_shown_by_signs() -> None:
    assert excerpt("a\x0eb\x7f\tc\n", 9_000)[1] == "a\u240eb\u2421\tc"


@given(st.text(max_size=200), st.integers(0, 400), st.integers(0, 20_000))
def test_any_text_is_shown_within_its_room(piece: str, times: int, room: int) -> None:
    shown = excerpt(piece * times, room)
    assert sum(map(len, shown)) <= min(room, WHOLE_CHARACTERS) + 800
