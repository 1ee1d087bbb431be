"""How a model's predicates are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.plan.predicates import Contains, JsonSchema
from tests.engine.plan.deciding.test_decide import PREDICATES

DEEP: dict[str, Any] = {}
for _ in range(5_000):
    DEEP = {"not": DEEP}


@pytest.mark.parametrize(
    "definition", [DEEP, "[" * 100_000, '{"a":' * 100_000, {"description": "x" * 20_001}, "[]", "{", 5], ids=range(7)
)
def test_a_schema_that_is_none_is_refused(definition: Any) -> None:
    with pytest.raises(ValidationError):
        JsonSchema(definition=definition)


def test_a_schema_may_come_as_text() -> None:
    assert PREDICATES.validate_python({"kind": "json_schema", "definition": '{"type": "array"}'}) == JsonSchema(
        definition={"type": "array"}
    )


def test_a_blank_text_is_nothing_to_look_for() -> None:
    with pytest.raises(ValidationError):
        Contains(texts=[" \n"])
