from __future__ import annotations

import pytest

from engine.domain.model_call import Image, Message
from engine.prompts.token_estimate import TOKENS_OF_AN_IMAGE, estimated_prompt_tokens, estimated_tokens


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("", 0, 0), ("a" * 350, 100, 100), ("0123456789", 10, 10), ("日本語のテキスト", 5, 12)],
)
def test_text_is_counted_by_its_bytes_and_digits_one_by_one(text: str, least: int, most: int) -> None:
    assert least <= estimated_tokens(text) <= most


def test_a_half_surrogate_pair_is_no_error() -> None:
    assert estimated_tokens("\ud800") >= 1


def test_a_prompt_is_its_messages_and_their_pictures() -> None:
    words = (Message("system", "a" * 70), Message("user", "b" * 70))
    seen = (words[0], Message("user", "b" * 70, (Image("a.png", "image/png", b""),)))
    assert 40 <= estimated_prompt_tokens(words) <= 60
    assert estimated_prompt_tokens(seen) == estimated_prompt_tokens(words) + TOKENS_OF_AN_IMAGE
