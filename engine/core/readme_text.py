"""The sections of a README that the service writes: true of this very tree, since they are made from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.app_facts import MOST
from engine.core.repository import insert_marker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.core.app_facts import AppFacts

_MOST_FILES = 40
_ROLES = (
    (r"^index\.html$", "the page"),
    (r"^LICENSE$", "the licence"),
    (r"^README\.md$", "this text"),
    (r"^\.nojekyll$", "tells GitHub Pages to publish the files as they are"),
    (r"\.html?$", "a further page"),
    (r"\.css$", "a style sheet"),
    (r"\.m?js$", "a script"),
    (r"\.(?:csv|tsv|json|geojson|xml|txt|ya?ml)$", "data"),
    (r"\.(?:png|jpe?g|gif|webp|svg|avif|ico)$", "a picture"),
    (r"\.md$", "a text in Markdown"),
)


def summary(asked: str, facts: AppFacts) -> str:
    """Return what was `asked` for, a quotation already, and what the page is headed by."""
    lines = [asked]
    if facts.title:
        lines.append(f"The page is titled {code(facts.title)}.")
    headings = [heading for heading in facts.headings if heading != facts.title]
    if headings:
        lines.append(f"Its headings: {_listed(headings)}.")
    return "\n\n".join(lines)


def setup(clone_url: str) -> str:
    """Return how to get it and run it; `clone_url` is "" where the repository is not made yet."""
    steps = f"git clone {clone_url} app\ncd app\n" if clone_url else ""
    first = "" if clone_url else "Clone this repository and serve its folder:\n\n"
    served = f"{first}```sh\n{steps}python3 -m http.server\n```"
    return f"There is nothing to build and nothing to install.\n\n{served}\n\nThe page is then at <http://localhost:8000/>."


def usage(facts: AppFacts, pages_url: str) -> str:
    """Return what can be done on the page: its controls, address parameters and data."""
    where = f"Open the published page, <{pages_url}>" if pages_url else "Open the published page"
    blocks = [f"{where}, or `index.html` through any web server: opened as a file it can fetch no data."]
    if facts.controls:
        controls = [_control(one.name, one.kind, one.id) for one in facts.controls]
        blocks.append("On the page there are:\n\n" + "\n".join(f"- {one}" for one in controls))
    if facts.parameters:
        names = _listed([f"?{name}=" for name in facts.parameters])
        blocks.append(f"The page's address may have the parameters {names}.")
    if facts.data:
        blocks.append(f"Its script reads the data in {_listed(facts.data)}.")
    return "\n\n".join(blocks)


def code_explanation(files: Mapping[str, bytes], facts: AppFacts) -> str:
    """Return each file with its size and what it is, the script's functions, and what comes from elsewhere."""
    rows = [
        f"| {code(path)} | {_size(path, content)} | {_role(path, facts)} |" for path, content in sorted(files.items())
    ]
    more = [f"| and {len(rows) - _MOST_FILES} more | | |"] if len(rows) > _MOST_FILES else []
    blocks = ["\n".join(["| file | bytes | what it is |", "| --- | --- | --- |", *rows[:_MOST_FILES], *more])]
    if facts.events or facts.starts:
        blocks.append(_running(facts))
    if facts.functions:
        told = [f"- {code(one.name)}{f': {plain(one.about)}' if one.about else ''}" for one in facts.functions]
        blocks.append(
            "Functions of the script" + (", the first of them" if len(told) == MOST else "") + ":\n\n" + "\n".join(told)
        )
    blocks += _from_elsewhere(facts)
    return "\n\n".join(blocks)


def changes(brief: str, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """Return what a later round was asked for and which files it changed, added and deleted."""
    groups = {
        "Changed": [p for p in after if p in before and _bare(p, after[p]) != _bare(p, before[p])],
        "Added": [p for p in after if p not in before],
        "Deleted": [p for p in before if p not in after],
    }
    named = {what: sorted(set(paths) - {"README.md"}) for what, paths in groups.items()}
    told = [f"{what}: {_listed(paths)}." for what, paths in named.items() if paths]
    return "\n\n".join([quoted(brief), " ".join(told) or "No file but this one was changed."])


def quoted(text: str) -> str:
    """Show a brief as a quotation, so that nothing in it becomes a heading of ours."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


def code(text: str) -> str:
    """Show a foreign text, in one line and short, so that nothing in it is Markdown."""
    line = " ".join(text.replace("`", "'").replace("|", "/").split())
    return f"`{line[:80] or ' '}`"


def plain(text: str) -> str:
    """Return a foreign sentence with what Markdown or HTML would read taken out of its meaning."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _listed(texts: Sequence[str]) -> str:
    shown = [code(text) for text in texts[:MOST]]
    return ", ".join(shown) + (f" and {len(texts) - MOST} more" if len(texts) > MOST else "")


def _control(name: str, kind: str, own: str) -> str:
    shown = code(name) if name else code(f"#{own}")
    where = f", {code(f'#{own}')}" if own and name else ""
    return f"{shown} ({kind}{where})"


def _size(path: str, content: bytes) -> str:
    return "" if path == "README.md" else str(len(content))


def _role(path: str, facts: AppFacts) -> str:
    role = next((what for pattern, what in _ROLES if re.search(pattern, path, re.IGNORECASE)), "a file")
    if path == "index.html" and facts.inline:
        role += f", with its {' and '.join(facts.inline)}"
    return f"{role}, which the script reads" if path in facts.data else role


def _running(facts: AppFacts) -> str:
    """Return when the script runs and what it answers to."""
    starts = "The script starts when the page has been read (`DOMContentLoaded`)" if facts.starts else ""
    events = (
        f"{'and ' if starts else 'The script '}answers to the events {_listed(facts.events)}" if facts.events else ""
    )
    return " ".join(part for part in (starts, events) if part) + "."


def _from_elsewhere(facts: AppFacts) -> Iterator[str]:
    if facts.libraries:
        told = [f"{code(f'{name} {version}'.strip())} from {code(host)}" for name, version, host in facts.libraries]
        yield f"The page loads {', '.join(told)}."
    if facts.hosts:
        yield f"The script asks {_listed(facts.hosts)} for data."


def _bare(path: str, content: bytes) -> bytes:
    """Return a page without the round's marker, which changes with every round."""
    return insert_marker(content, "") if path == "index.html" else content
