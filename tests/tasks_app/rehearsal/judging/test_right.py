"""A submission without a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks_app.rehearsal.criteria import CRITERIA
from tests.tasks_app.rehearsal.judging.world import FILES, PIXEL

if TYPE_CHECKING:
    from tests.tasks_app.rehearsal.judging.world import World


def test_everything_that_can_be_decided_holds(world: World) -> None:
    world.publish(FILES | {"dot.png": PIXEL})
    criteria = CRITERIA.validate_python(
        [
            {"file": {"path": "dot.png", "attachment": "dot.png"}},
            {"html": {"ids": ["total"], "numbers": {"total": 12.5}, "inline_script": True}},
        ]
    )
    results = world.judged(criteria=criteria, attachments={"dot.png": PIXEL})
    wrong = {check: (one.score, one.reason) for check, one in results.items() if one.score != 1.0}
    assert wrong == {"The page loads without errors": (None, "there is no check browser on this machine")}
