"""A prompt's version says which texts a model was sent: other texts are another version."""

from __future__ import annotations

import pytest

from engine.prompts import generate, judge, plan, repair

#: By module: the version, and the beginning of the digest of its texts. Change both together.
PINNED = {
    plan: ("2", "ac9bea3918f9fa76"),
    generate: ("7", "644f881af5519d7b"),
    repair: ("7", "e23e4979cf8aa20f"),
    judge: ("2", "3a148990f398cf3a"),
}


@pytest.mark.parametrize("module", PINNED, ids=lambda module: module.__name__)
def test_other_texts_are_another_version(module: object) -> None:
    assert (module.VERSION, module._DIGEST[:16]) == PINNED[module], (
        "raise VERSION where a text changed, and pin both here"
    )
