"""An Author that is no language model: it reads the same prompts, answers in the same form, and says everywhere that it is simulated."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.adapters.simulated_honesty import not_done
from engine.adapters.simulated_page import BANNER, change_page, compose_page
from engine.adapters.simulated_wishes import read_wishes
from engine.core.judge_prompt import asks_for_judgement
from engine.core.probe_prompt import asks_for_probes
from engine.core.prompt_sections import boundary_of, present_files, sections_of
from engine.core.replies import format_files, mark
from engine.errors import Permanent, Transient
from engine.ports import Reply, unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.adapters.simulated_wishes import Wishes
    from engine.ports import Message


class SimulatedAuthor:
    """Answers at once, or after pretending to think for `seconds`."""

    provider = "simulated"
    models: Sequence[str] = ("simulated",)
    simulated = True

    def __init__(self, seconds: float = 0) -> None:
        self._seconds = seconds

    def write(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        seconds: float,
        tokens: int | None = None,
        heard: Callable[[str], None] = unheard,
        schema: Mapping[str, object] | None = None,
    ) -> Reply:
        """Return the files of a page, or of its change where the prompt shows a present one.

        A prompt for probes or judgements is answered at once: it writes and judges none. Raises Transient(model_timeout) where it pretends to think for longer than `seconds`, Permanent(model_refused_request) where
        the messages are no prompt of ours.
        """
        del tokens, heard, schema
        if count := asks_for_probes(messages):
            return _no_probes(count, model)
        if count := asks_for_judgement(messages):
            return _no_judgements(count, model)
        time.sleep(max(0.0, min(self._seconds, seconds)))
        if self._seconds > seconds:
            raise Transient("model_timeout", f"The simulated model did not answer within {seconds:.0f} s.")
        try:
            boundary = boundary_of(messages)
        except ValueError as unreadable:
            raise Permanent(
                "model_refused_request", f"The simulated model cannot read this prompt: {unreadable}"
            ) from None
        tree, wishes = present_files(messages), read_wishes(sections_of(messages))
        files = _changed(tree, wishes) if tree else _written(wishes)
        text = f"{format_files(files, boundary)}{mark(boundary, 'complete', len(files))}\n"
        return Reply(text=text, model=model, finish_reason="stop")


def _no_probes(count: int, model: str) -> Reply:
    lines = [f"{number}\nnot automatable: the simulated model writes no tests" for number in range(1, count + 1)]
    return Reply(text="\n".join(lines), model=model, finish_reason="stop")


def _no_judgements(count: int, model: str) -> Reply:
    lines = [f"{number}: cannot tell - the simulated model judges nothing" for number in range(1, count + 1)]
    return Reply(text="\n".join(lines), model=model, finish_reason="stop")


def _written(wishes: Wishes) -> dict[str, bytes]:
    return {"index.html": compose_page(wishes).encode(), "README.md": _readme(wishes).encode()}


def _changed(tree: Mapping[str, bytes], wishes: Wishes) -> dict[str, bytes]:
    page = tree.get("index.html", b"").decode()
    readme = tree.get("README.md", b"").decode()
    return {
        "index.html": (change_page(page, wishes) if page else compose_page(wishes)).encode(),
        "README.md": (f"{readme.rstrip()}\n\n{_change_note(readme, wishes)}" if readme else _readme(wishes)).encode(),
    }


def _readme(wishes: Wishes) -> str:
    files = "".join(f"\n- `{file.name}` is read when the page is opened and shown as it is." for file in wishes.files)
    return f"""\
# {wishes.title or "Simulated page"}

> {BANNER}.

## Summary

A static page that was asked for in these words:

{_as_quote(wishes.brief)}

{_left_undone(wishes)}
## Setup

Clone this repository. There is nothing to install and nothing to build.

## Usage

Serve the folder with any static file server, for example `python3 -m http.server`, and open `index.html`; or open the published page.

## Code explanation

`index.html` holds the page, its style and one inline script without libraries. The script starts when the page has been read.
{files}

## License

MIT, see `LICENSE`.
"""


def _change_note(readme: str, wishes: Wishes) -> str:
    number = readme.count("\n## Change ") + 1
    return f"## Change {number}\n\nBy the simulated model, not by a language model. It was asked for in these words:\n\n{_as_quote(wishes.brief)}\n\n{_left_undone(wishes)}"


def _left_undone(wishes: Wishes) -> str:
    """Name what is not done as a Markdown list; the words are a stranger's and stay code."""
    left = not_done(wishes)
    if not left:
        return "Nothing of it is known to be missing.\n"
    return "Not done, or not understood well enough to call it done:\n\n" + "".join(
        f"- {_as_code(item)}\n" for item in left
    )


def _as_quote(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _as_code(text: str) -> str:
    return f"`` {' '.join(text.split())} ``"
