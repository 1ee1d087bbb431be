"""A prompt's version says which texts a model was sent: other texts are another version."""

from __future__ import annotations

import pytest

from engine.prompts import generate, judge, plan, repair

#: By module: the version, and the beginning of the digest of its texts. Change both together.
PINNED = {
    plan: ("1", "78b75fb6c6c4c1d9"),
    generate: ("7", "166f541b2053bc87"),
    repair: ("7", "5e396f80c7c26972"),
    judge: ("2", "3a148990f398cf3a"),
}


@pytest.mark.parametrize("module", PINNED, ids=lambda module: module.__name__)
def test_other_texts_are_another_version(module: object) -> None:
    assert (module.VERSION, module._DIGEST[:16]) == PINNED[module], (
        "raise VERSION where a text changed, and pin both here"
    )
