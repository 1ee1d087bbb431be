"""A prompt's version says which texts a model was sent: other texts are another version."""

from __future__ import annotations

import pytest

from engine.prompts import generate, judge, plan, repair

#: By module: the version, and the beginning of the digest of its texts. Change both together.
PINNED = {
    plan: ("2", "e2e21ca979d737a6"),
    generate: ("7", "c34b15d6892f6f8a"),
    repair: ("7", "c151a02d5fec3b56"),
    judge: ("2", "3a148990f398cf3a"),
}


@pytest.mark.parametrize("module", PINNED, ids=lambda module: module.__name__)
def test_other_texts_are_another_version(module: object) -> None:
    assert (module.VERSION, module._DIGEST[:16]) == PINNED[module], (
        "raise VERSION where a text changed, and pin both here"
    )
