from __future__ import annotations

from engine.core.brief import Brief
from engine.core.prompt_sections import boundary_of, sections_of
from engine.core.prompts import generate_prompt
from engine.core.rephrase_prompt import rephrase_prompt


def test_the_other_wording_keeps_the_request_its_form_and_its_boundary() -> None:
    first = generate_prompt(Brief("a@example.com", "t", 1, "n", "Say hi.", (), ()), boundary="b0b0b0")
    second = rephrase_prompt(first)
    assert second.messages[:-1] == first.messages[:-1]
    assert second.messages[-1].content.startswith(first.messages[-1].content)
    assert boundary_of(second.messages) == "b0b0b0"
    assert sections_of(second.messages) == sections_of(first.messages)
    assert "=== b0b0b0 complete N" in second.messages[-1].content
    assert (second.name, second.digest != first.digest) == ("rephrase", True)
