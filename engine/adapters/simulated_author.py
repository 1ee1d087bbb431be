"""The port Author without a language model: a template page that says so, a fixed plan, and no judgement.

It lets somebody try the whole service without a model. The page lists the attachments, and has the title and the ids
that the expressions among the checks look up.
"""

from __future__ import annotations

import json
import re
import time
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.domain.model_call import Reply, ignore_chunk
from engine.errors import Permanent, Transient
from engine.prompts.judge import asks_for_judgement
from engine.prompts.plan import asks_for_plan
from engine.prompts.replies import format_files, mark
from engine.prompts.sections import boundary_of, present_files, sections_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.domain.model_call import Message
    from engine.prompts.sections import Section

BANNER = "Written by the simulated model, not by a language model"
PLAN = {"files": [{"path": "index.html", "source": "write", "what": "a page that says that it is simulated"}]}

_TITLE = re.compile(r"document\.title[^'\"`\n]{0,40}['\"`]([^'\"`\n]{1,100})['\"`]")
_ID = re.compile(r"""(?:getElementById\(['"]|querySelector(?:All)?\(['"]#)([A-Za-z][\w-]{0,60})""")
_CHANGES = "</main>"

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; \
max-width: 60rem; margin: 0 auto; padding: 1rem; }}
  .simulated {{ background: #fff3cd; border: 1px solid #8a6d1a; padding: .5rem 1rem; }}
</style>
</head>
<body>
<main>
<p class="simulated">{banner}. Nothing of the brief was understood.</p>
<h1>{title}</h1>
{body}</main>
</body>
</html>
"""

_README = """\
# {title}

> {banner}.

## Summary

A template page in place of an app that was asked for in these words:

{brief}

## Setup

Clone this repository. There is nothing to install and nothing to build.

## Usage

Serve the folder with any static file server, for example `python3 -m http.server`, and open `index.html`.

## Code explanation

`index.html` holds the page and its style. It has no script.

## License

MIT, see `LICENSE`.
"""


class SimulatedAuthor:
    """Answers after a pause of `seconds`, as a model would."""

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
        on_chunk: Callable[[str], None] = ignore_chunk,
        schema: Mapping[str, object] | None = None,
    ) -> Reply:
        """Return the fixed plan, verdicts that judge nothing, or the files of a new or changed page.

        Only a page takes the pause. Raises Transient(model_timeout) if the pause is longer than `seconds`, and
        Permanent(model_refused_request) if the messages are no prompt of ours.
        """
        del tokens, on_chunk, schema
        if asks_for_plan(messages):
            return Reply(text=json.dumps(PLAN), model=model, finish_reason="stop")
        if count := asks_for_judgement(messages):
            lines = [f"{number}: cannot tell - the simulated model judges nothing" for number in range(1, count + 1)]
            return Reply(text="\n".join(lines), model=model, finish_reason="stop")
        time.sleep(max(0.0, min(self._seconds, seconds)))
        if self._seconds > seconds:
            raise Transient("model_timeout", f"The simulated model did not answer within {seconds:.0f} s.")
        try:
            boundary = boundary_of(messages)
        except ValueError as unreadable:
            sentence = f"The simulated model cannot read this prompt: {unreadable}"
            raise Permanent("model_refused_request", sentence) from None
        files = _files(present_files(messages), sections_of(messages))
        text = f"{format_files(files, boundary)}{mark(boundary, 'complete', len(files))}\n"
        return Reply(text=text, model=model, finish_reason="stop")


def _files(present: Mapping[str, bytes], sections: Sequence[Section]) -> dict[str, bytes]:
    brief = "\n".join(section.body for section in sections if section.name == "brief").strip()
    checks = "\n".join(section.body for section in sections if section.name == "checks")
    attached = [section.argument for section in sections if section.name == "attachment"]
    page, readme = present.get("index.html", b"").decode(), present.get("README.md", b"").decode()
    found = _TITLE.search(checks)
    title = found[1] if found else "Simulated page"
    body = _body(brief, checks, attached, page)
    if _CHANGES in page:
        before, _, after = page.rpartition(_CHANGES)
        page = f'{before}<p class="simulated">Changed by the simulated model.</p>\n{body}{_CHANGES}{after}'
    else:
        page = _PAGE.format(title=escape(title), banner=BANNER, body=body)
    quoted = "\n".join(f"    {line}" for line in brief.splitlines())
    readme = readme or _README.format(title=title, banner=BANNER, brief=quoted)
    return {"index.html": page.encode(), "README.md": readme.encode()}


def _body(brief: str, checks: str, attached: Sequence[str], page: str) -> str:
    """Return the brief, links to the attachments, and an element for each id that checks look up and the page lacks."""
    ids = [name for name in dict.fromkeys(_ID.findall(checks)) if f'id="{name}"' not in page]
    links = "".join(f'<li><a href="{escape(quote(name))}">{escape(name)}</a></li>\n' for name in attached)
    elements = "".join(f'<p id="{escape(name)}">Not done by the simulated model</p>\n' for name in ids)
    return f"<blockquote><p>{escape(brief)}</p></blockquote>\n{f'<ul>{links}</ul>' if links else ''}{elements}"
