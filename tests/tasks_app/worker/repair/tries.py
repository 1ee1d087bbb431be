"""Rounds whose page contains words or lacks them, and the results of their attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks_app.models import Round, SourceFile
from tests.factories import make_round
from tests.fakes import README, page_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.domain.model_call import Message

CHECKS = ["js: page.includes('ONE')", "js: page.includes('TWO')"]


def page(words: str, **more: bytes) -> Callable[[Sequence[Message]], str]:
    source = f"<!DOCTYPE html>\n<html><head><title>T</title></head><body><p>{words}</p></body></html>\n".encode()
    return page_reply({"index.html": source, "README.md": README} | more)


def asked(**over: object) -> Round:
    return make_round(**{"checks": CHECKS, "attachments": []} | over)


def words_of(row: Round) -> str:
    content = SourceFile.objects.get(attempt=row.chosen_attempt_id, path="index.html").content
    return bytes(content).decode().partition("<p>")[2].partition("</p>")[0]
