from __future__ import annotations

import pytest

from engine.core.uses import asked_for


@pytest.mark.parametrize(
    ("words", "use"),
    [
        ("Submitting shows the sum", "form"),
        ("Enter a name", "form"),
        ("The user types a number", "form"),
        ("Looks up a user", "form"),
        ("Look up a user by username", "form"),
        ("A lookup of the rate", "form"),
        ("An input for the amount", "form"),
        ("Clicking shows more", "press"),
        ("The tab of the week", "press"),
        ("Toggles the theme", "press"),
        ("PRESS the BUTTON", "press"),
        ("Fill the form and press the button", "form press"),
        ("Click, then search", "form press"),
        ("Shows information about the platform", ""),
        ("A stable table of prototypes", ""),
        ("", ""),
    ],
)
def test_a_use_is_read_from_the_words_of_check_and_brief_alike(words: str, use: str) -> None:
    assert asked_for(words, "") == use
    assert asked_for("", words) == use


def test_check_and_brief_count_together() -> None:
    assert asked_for("The button is blue", "A form for names") == "form press"
    assert asked_for("It looks", "up to date") == "form"
