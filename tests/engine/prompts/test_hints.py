from __future__ import annotations

import pytest

from engine.prompts.hints import hints


@pytest.mark.parametrize(
    ("seen", "begins"),
    [
        ('#total: <b id="total">NaN</b>', "NaN: "),
        ("false (boolean); NaN (number)", "NaN: "),
        (
            "tr: 6 of them, the first <tr><td>Lamp</td></tr> and the last <tr><td>undefined</td></tr>",
            "undefined is shown",
        ),
        ('#out: <p id="out">[object Promise]</p>', "[object Promise]"),
        ('#out: <p id="out">[object Object]</p>', "[object Object]"),
        ("TypeError: Cannot read properties of null (reading 'value')", "null: "),
        ("SyntaxError: Unexpected end of input (index.html:70)", "A script that does not parse"),
        ("SyntaxError: Identifier 'rows' has already been declared", "A script that does not parse"),
        ("ReferenceError: marked is not defined", "Something is called"),
    ],
)
def test_a_symptom_is_explained(seen: str, begins: str) -> None:
    assert hints("nothing here", seen)[0].startswith(begins)


@pytest.mark.parametrize(
    "seen",
    ["", "<p>Banana</p>", "#x: no such element", "<script>let undefined_name</script>", "isNaN(x)", "Number.NaN"],
)
def test_what_is_no_symptom_says_nothing(seen: str) -> None:
    assert not hints(seen)


def test_each_hint_is_given_once() -> None:
    assert len(hints("<b>NaN</b>", "<i>NaN</i>")) == 1
