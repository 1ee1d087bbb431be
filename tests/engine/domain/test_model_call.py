"""Thoughts that models write into their replies, in the marks that servers leave in the text."""

from __future__ import annotations

import pytest

from engine.domain.model_call import answer_span, lone_closing_end
from tests.little_time import little_time

ANSWER = "=== 7f3a file index.html\n<p>Hi</p>\n=== 7f3a complete 1\n"
FINAL = "<|start|>assistant<|channel|>final "
DRAFT = "=== 7f3a file index.html\n<p>Draft</p>\n=== 7f3a complete 1\n"


def answer(text: str) -> str:
    return text[slice(*answer_span(text))]


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        f"<think>{DRAFT}</think>{ANSWER}",
        f"\n <THINK>\n{DRAFT}\n</think>\n{ANSWER}",
        f"<thinking>{DRAFT}</thinking>{ANSWER}",
        f"<thought>{DRAFT}</thought>{ANSWER}",
        f"<seed:think>{DRAFT}</seed:think>{ANSWER}",
        f"◁think▷{DRAFT}◁/think▷{ANSWER}",
        f"[THINK]{DRAFT}[/THINK]{ANSWER}",
        f"<reasoning>{DRAFT}</reasoning>{ANSWER}",
        f"<analysis>{DRAFT}</analysis>{ANSWER}",
        f"<scratchpad>\n{DRAFT}</scratchpad>\n{ANSWER}",
        f"<longcat_think>{DRAFT}</longcat_think>{ANSWER}",
        f"<think_never_used_51bce0>{DRAFT}</think_never_used_51bce0>{ANSWER}",
        f"<|START_THINKING|>{DRAFT}<|END_THINKING|>{ANSWER}",
        f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>{ANSWER}",
        f"<|inner_prefix|>{DRAFT}<|inner_suffix|>{ANSWER}",
        f"<|channel>thought\n{DRAFT}<channel|>{ANSWER}",
        f"[REASONING]{DRAFT}[/REASONING]{ANSWER}",
        f"Here is my thought process:\n{DRAFT}\nHere is my response:\n{ANSWER}",
        f"Here's my thought process:\n{DRAFT}\nHere's my response:\n{ANSWER}",
        f"<think>one</think>\n<think>{DRAFT}</think>\n{ANSWER}",
        f"<think>one\n</analysis>\n{DRAFT}</think>{ANSWER}",
        f"<think>one\nHere is my response:\n{DRAFT}</think>{ANSWER}",
        f"<thinking>one</think>{DRAFT}</thinking>{ANSWER}",
        f"<seed:think>one</think>{DRAFT}</seed:think>{ANSWER}",
        f"[THINK]one[/REASONING]{DRAFT}[/THINK]{ANSWER}",
        f"<|begin_of_thought|>one<|end_of_analysis|>{DRAFT}<|end_of_thought|>{ANSWER}",
        f"<|inner_prefix|>one</think>{DRAFT}<|inner_suffix|>{ANSWER}",
        f"◁think▷one</think>{DRAFT}◁/think▷{ANSWER}",
        f"Here is my thought process:\none</think>\n{DRAFT}\nHere is my response:\n{ANSWER}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
        f"<|start|>assistant<|channel|>analysis<|message|>{DRAFT}<|end|>{FINAL}<|constrain|>text<|message|>{ANSWER}<|return|>",
        f"<|channel|>final<|message|>{ANSWER}<|end|>",
        f"analysisThe user wants a page. {DRAFT}assistantfinal{ANSWER}",
    ],
)
def test_only_the_answer_counts(text: str) -> None:
    assert answer(text).strip() == ANSWER.strip()


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{DRAFT}",
        f"[THINK]{DRAFT}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|>",
        f"<think>a</think><think>{DRAFT}",
        f"<think>a\nHere is my response:\n{DRAFT}",
        f"<think>a\n</analysis>\n{DRAFT}",
    ],
)
def test_thoughts_without_an_end_are_no_answer(text: str) -> None:
    assert answer(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Analysis of the sales, with the assistantfinal word.",
        "analysis.json holds the rows.",
        "The tag <think>is shown</think>\nand closed.",
        'const close = "</think>";\n',
        "Say <think>\nor\n</think>\n",
        "It writes <|channel|>final<|message|> at times.",
    ],
)
def test_a_text_that_only_names_such_marks_stays(text: str) -> None:
    assert answer(text) == text


@pytest.mark.parametrize("before", ["", "That is it.", f"{DRAFT}\n"])
@pytest.mark.parametrize(
    "mark", ["</think>", "</thinking>", "</seed:think>", "</thought>", "<|END_THINKING|>", "◁/think▷", "[/THINK]"]
)
def test_a_closing_mark_alone_ends_thoughts_at_an_end_of_a_line(before: str, mark: str) -> None:
    text = f"{before}{mark}\n{ANSWER}"
    assert text[lone_closing_end(text) :].strip() == ANSWER.strip()


@pytest.mark.parametrize("text", ['const close = "</think>";\n', "Say <think>\nor\n</think>\n", ANSWER])
def test_a_closing_mark_inside_a_line_or_after_an_opening_one_ends_nothing(text: str) -> None:
    assert lone_closing_end(text) == 0


@pytest.mark.parametrize(
    "piece",
    ["<think>", "</think>", "<think></think>", "<think></analysis>", "<|channel|>final", "analysis ", "[THINK]x"],
)
def test_it_takes_time_in_proportion_to_the_text(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    with little_time():
        answer_span(text)
        lone_closing_end(text)
