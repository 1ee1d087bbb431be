"""The page that the simulated model writes: plain, accessible, self-contained, and open about what it is and what it does not do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.adapters.simulated_honesty import not_done
from engine.adapters.simulated_script import page_script
from engine.adapters.simulated_wishes import IMAGE, OTHER, TABLE, Element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.adapters.simulated_wishes import SeenFile, Wishes

BANNER = "Written by the simulated model, not by a language model"
_DEFAULT_TITLE = "Simulated page"
_UNFILLED = "Not done by the simulated model"
_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)

_STYLE = """\
  body { font: 1rem/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; max-width: 60rem; margin: 0 auto; padding: 1rem; }
  .simulated { background: #fff3cd; border: 1px solid #8a6d1a; padding: .5rem 1rem; }
  section, form { margin: 1.5rem 0; }
  table { border-collapse: collapse; }
  th, td { border: 1px solid #767676; padding: .25rem .5rem; text-align: left; }
  img { max-width: 100%; height: auto; }
  pre { overflow-x: auto; background: #f4f4f4; padding: .5rem; }
  input, button { font: inherit; padding: .25rem .5rem; }"""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file is shown: the `id` of its element and that of its status line."""

    file: SeenFile
    id: str
    status: str


def compose_page(wishes: Wishes) -> str:
    """Return the first page for `wishes`: every id that they name exists, data is read at run time, the rest is listed as not done."""
    title = escape(wishes.title or _DEFAULT_TITLE)
    places = _places(wishes.files, wishes.elements, first=1)
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{_STYLE}
</style>
{_script(places, wishes)}</head>
<body>
<main>
<p class="simulated">{BANNER}.</p>
<h1>{title}</h1>
<blockquote><p>{escape(wishes.brief)}</p></blockquote>
{_body(wishes, wishes.elements, places)}</main>
</body>
</html>
"""


def change_page(page: str, wishes: Wishes) -> str:
    """Return the present `page` with what `wishes` add to it; everything else stays as it is."""
    missing = [element for element in wishes.elements if not _has_id(page, element.id)]
    files = [file for file in wishes.files if quote(file.name) not in page]
    figures = [figure for figure in wishes.figures if figure.id in {element.id for element in missing}]
    files += [file for file in wishes.files if file not in files and file.name in {figure.file for figure in figures}]
    places = _places(files, missing, first=1 + page.count('class="simulated-file"'))
    body = _body(wishes, missing, places)
    script = _script(places, wishes) if places or "data-simulated" in body else ""
    if wishes.title:
        page = _retitled(page, escape(wishes.title))
    block = f'<p class="simulated">Changed by the simulated model, not by a language model.</p>\n{script}{body}'
    for closing in ("</main>", "</body>", "</html>"):
        end = page.lower().rfind(closing)
        if end >= 0:
            return f"{page[:end]}{block}{page[end:]}"
    return f"{page}\n{block}"


def _places(files: Sequence[SeenFile], elements: Sequence[Element], *, first: int) -> list[_Place]:
    """Give each file an element: the first table or image that the request names by id, or one of its own."""
    wished = {tag: iter([element.id for element in elements if element.tag == tag]) for tag in ("table", "img")}
    tags = {TABLE: "table", IMAGE: "img"}
    return [
        _Place(
            file,
            next(wished.get(tags.get(file.kind, ""), iter(())), f"simulated-file-{number}"),
            f"simulated-status-{number}",
        )
        for number, file in enumerate(files, start=first)
    ]


def _script(places: Sequence[_Place], wishes: Wishes) -> str:
    shown = [
        {"name": place.file.name, "kind": place.file.kind, "id": place.id, "status": place.status}
        for place in places
        if place.file.kind not in {IMAGE, OTHER}
    ]
    names = {file["name"] for file in shown}
    return page_script(shown, [figure for figure in wishes.figures if figure.file in names])


def _body(wishes: Wishes, elements: Sequence[Element], places: Sequence[_Place]) -> str:
    taken = {place.id for place in places}
    waiting = {figure.id for figure in wishes.figures}
    form = next((element for element in elements if element.tag == "form"), None)
    inputs = [element for element in elements if element.tag in {"input", "textarea", "select"}]
    plain = [
        element
        for element in elements
        if element.id not in taken and element is not form and not (form and element in inputs)
    ]
    parts = [_form(form, inputs)] if form else []
    parts += [_element(element, waiting=element.id in waiting) for element in plain]
    parts += [_file_section(place) for place in places]
    parts += [f'<p role="alert">{escape(lack)}</p>\n' for lack in wishes.lacks]
    left = not_done(wishes)
    if left:
        items = "".join(f"<li>{escape(item)}</li>\n" for item in left)
        parts.append(
            f"<section><h2>Not done</h2>\n<p>Not done, or not understood well enough to call it done:</p>\n<ul>\n{items}</ul></section>\n"
        )
    return "".join(parts)


def _form(form: Element, inputs: Sequence[Element]) -> str:
    fields = inputs or [Element(f"{form.id}-value", "input")]
    controls = "\n".join(
        f'<label for="{field.id}">{escape(_label(field.id))}</label> {_control(field)}' for field in fields
    )
    return f'<form id="{form.id}" data-simulated>\n{controls}\n<button type="submit">Send</button>\n<p role="status"></p>\n</form>\n'


def _control(field: Element) -> str:
    name = f'id="{field.id}" name="{field.id}"'
    return {"textarea": f"<textarea {name}></textarea>", "select": f"<select {name}></select>"}.get(
        field.tag, f"<input {name}>"
    )


def _element(element: Element, *, waiting: bool) -> str:
    """Return an element that the request names; what would fill it is said, never invented."""
    if element.tag in {"input", "textarea", "select"}:
        return f'<p><label for="{element.id}">{escape(_label(element.id))}</label> {_control(element)}</p>\n'
    if element.tag == "img":
        return f'<p><img id="{element.id}" alt="{_UNFILLED}"></p>\n'
    if element.tag == "canvas":
        return f'<canvas id="{element.id}">{_UNFILLED}</canvas>\n'
    tag = element.tag
    if element.text or tag == "button":
        return f'<{tag} id="{element.id}">{escape(element.text or _label(element.id))}</{tag}>\n'
    if waiting:
        return f'<p>{escape(_label(element.id))}: <span id="{element.id}">loading</span></p>\n'
    inner = {
        "table": f"<caption>{_UNFILLED}</caption>",
        "ul": f"<li>{_UNFILLED}</li>",
        "ol": f"<li>{_UNFILLED}</li>",
    }.get(tag, _UNFILLED)
    return f'<{tag} id="{element.id}">{inner}</{tag}>\n'


def _file_section(place: _Place) -> str:
    name, href = escape(place.file.name), quote(place.file.name)
    shown = {
        TABLE: f'<table id="{place.id}"></table>',
        IMAGE: f'<img id="{place.id}" src="{href}" alt="{name}">',
        OTHER: f'<a id="{place.id}" href="{href}">{name}</a>',
    }.get(place.file.kind, f'<pre id="{place.id}" tabindex="0"></pre>')
    status = "" if place.file.kind in {IMAGE, OTHER} else f'<p id="{place.status}" role="status">Loading {name} …</p>\n'
    return f'<section class="simulated-file">\n<h2>{name}</h2>\n{status}{shown}\n</section>\n'


def _label(identifier: str) -> str:
    return re.sub(r"[-_]+", " ", identifier).capitalize()


def _has_id(page: str, identifier: str) -> bool:
    return re.search(rf"""\bid\s*=\s*["']?{re.escape(identifier)}["'\s>]""", page) is not None


def _retitled(page: str, title: str) -> str:
    old = _TITLE.search(page)
    if not old:
        return page.replace("<head>", f"<head>\n<title>{title}</title>", 1)
    page = page.replace(old[0], f"<title>{title}</title>", 1)
    return page.replace(f"<h1>{old[1]}</h1>", f"<h1>{title}</h1>", 1)
