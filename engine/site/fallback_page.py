"""The fallback page, which is published if no acceptable page was made. It says so."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.domain.brief import Brief


def fallback_page(brief: Brief, why: str) -> dict[str, bytes]:
    """Return `index.html` and `README.md`, which show the brief, the attachments and the reason `why`."""
    files = "".join(
        f'<li><a href="{html.escape(_relative(f.name))}">{html.escape(f.name)}</a> ({len(f.content)} bytes)</li>'
        for f in brief.attachments
    )
    checks = "".join(f"<li>{html.escape(check.text)}</li>" for check in brief.checks)
    page = _PAGE.format(
        task=html.escape(brief.task),
        why=html.escape(why),
        brief=html.escape(brief.text),
        files=f"<h2>Attachments</h2><ul>{files}</ul>" if files else "",
        checks=f"<h2>Checks that it would have had to pass</h2><ul>{checks}</ul>" if checks else "",
    )
    readme = _README.format(
        task=brief.task, why=why, brief="\n".join(f"> {line}".rstrip() for line in brief.text.splitlines())
    )
    return {"index.html": page.encode(), "README.md": readme.encode()}


def _relative(name: str) -> str:
    """Return the link to a file beside the page, also if its name starts like a URL's scheme."""
    return f"./{name}".replace("%", "%25").replace("#", "%23").replace("?", "%3F")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not made: {task}</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #1c1c1c; \
background: #fff; }}
.why {{ border-left: .3rem solid #b3261e; padding: .5rem 1rem; background: #fdf1f0; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f4f4; padding: 1rem; }}
</style>
</head>
<body>
<main>
<h1>This app was not made</h1>
<p class="why">{why}</p>
<p>This page is not the app that was asked for. It stands here so that the repository and its address exist and say \
honestly what happened.</p>
<h2>What was asked for</h2>
<pre>{brief}</pre>
{files}
{checks}
</main>
</body>
</html>
"""

_README = """# {task}: not made

## Summary

The app that was asked for could not be made. {why}

## What was asked for

{brief}

## Setup

Nothing to build and nothing to install.

## Usage

`index.html` says what happened; it is not the app.

## Code explanation

`index.html` was written by the service in place of the app.

## Licence

MIT, see [LICENSE](LICENSE).
"""
