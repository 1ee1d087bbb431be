"""Extracts files from a reply that ignores the agreed format: fenced blocks, JSON, or the bare page."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"(`{3,}|~{3,})([^`]*)")
_NAME = re.compile(
    r"(?<![\w./-])[\w./-]{0,100}\w\.(?:html?|css|m?js|json|md|svg|txt|csv|py|sh|sql|ts|yaml|yml|xml)\b", re.IGNORECASE
)
#: A block below a sentence with a program's name may show its call. It is the program only in the program's language.
_LANGUAGES = {
    "py": {"python", "py", "python3"},
    "sh": {"bash", "sh", "shell", "zsh"},
    "sql": {"sql", "sqlite", "postgresql", "mysql"},
    "ts": {"ts", "typescript"},
}
_PAGE = re.compile(r"<!doctype html|<html\b", re.IGNORECASE)
_PAGE_END = "</html>"
_JSON = re.compile(r"^[ \t]*[\[{](?=\s*[\[{\"\]}])", re.MULTILINE)
_LOADED = {
    re.compile("css", re.IGNORECASE): re.compile(
        r"""<link\b[^<>]{0,200}?\shref=["']([\w./-]{1,100}\.css)["']""", re.IGNORECASE
    ),
    re.compile("js|javascript", re.IGNORECASE): re.compile(
        r"""<script\b[^<>]{0,200}?\ssrc=["']([\w./-]{1,100}\.m?js)["']""", re.IGNORECASE
    ),
}
_NAME_KEYS = ("path", "name", "filename", "file_name", "file")
_TEXT_KEYS = ("content", "contents", "code", "text", "body")


class _Fenced(NamedTuple):
    """A fenced block: the line before it, the text after the opening fence, the text inside, whether it is closed."""

    before: str
    info: str
    body: str
    closed: bool = True


def salvage(answer: str) -> dict[str, str]:
    """Return the files in a reply by their names there; an HTML page without a name is `index.html`.

    Another fenced block without a name is an example and not a file, unless the page loads a file of its type that has
    no block with its name.
    """
    files: dict[str, str] = {}
    nameless: list[_Fenced] = []
    for block in filter(lambda one: one.closed, _fenced(answer)):
        name = _name_of(block)
        if name and len(block.body) > len(files.get(name, "")):
            files[name] = block.body
        elif not name:
            nameless.append(block)
    files |= _asked_for(files, nameless)
    page = _PAGE.search(answer)
    end = answer.lower().rfind(_PAGE_END)
    if not files and not (files := _in_json(answer)) and page and end > page.start():
        files["index.html"] = f"{answer[page.start() : end + len(_PAGE_END)]}\n"
    return files


def _asked_for(files: dict[str, str], nameless: list[_Fenced]) -> dict[str, str]:
    """Return the style sheets and scripts that the page loads from the site and that are in blocks without a name."""
    found: dict[str, str] = {}
    for language, pattern in _LOADED.items():
        wanted = [name for name in pattern.findall(files.get("index.html", "")) if name not in files]
        bodies = [block.body for block in nameless if language.fullmatch(block.info.strip())]
        found |= zip(wanted, bodies, strict=False)
    return found


def unfinished_file(answer: str) -> tuple[str, str] | None:
    """Return name and text of the file in the last fenced block if that is not closed; ("", "") for cut JSON.

    None: the reply ends in no such part. Of a page, what follows its end tag is left out. A block without a name is an
    example.
    """
    blocks = list(_fenced(answer))
    if not blocks:
        start = _JSON.search(answer)
        return ("", "") if start and _json_from(answer, start.end() - 1)[1] else None
    name, body = _name_of(blocks[-1]), blocks[-1].body
    if blocks[-1].closed or not name:
        return None
    end = body.lower().rfind(_PAGE_END) if name.lower().endswith((".html", ".htm")) else -1
    return name, body if end < 0 else f"{body[: end + len(_PAGE_END)]}\n"


def cut_page(answer: str) -> str:
    """Return the page that a reply begins but does not end; "" if there is none, or if it is a string in JSON."""
    page = _PAGE.search(answer)
    return f"{answer[page.start() :].rstrip()}\n" if page and not _JSON.search(answer, 0, page.start()) else ""


def _in_json(answer: str) -> dict[str, str]:
    """Return the files in the first JSON: {name: text}, [{"path": name, "content": text}], or these in "files"."""
    start = _JSON.search(answer)
    if not start:
        return {}
    value, _ = _json_from(answer, start.end() - 1)
    if isinstance(value, dict) and isinstance(value.get("files"), dict | list):
        value = value["files"]
    if isinstance(value, dict):
        value = [{"path": name, "content": content} for name, content in value.items()]
    pairs = [_name_and_text(item) for item in value or () if isinstance(item, dict)]
    return {name: text for name, text in pairs if _NAME.fullmatch(name) and text}


def _json_from(answer: str, start: int) -> tuple[Any, bool]:
    """Return the JSON value that begins at `start`, and whether its end is missing: then what is whole of it.

    The value is None for a text that is no JSON, not even its beginning.
    """
    try:
        # Not strict, because a model writes a file's line ends unescaped.
        return json.JSONDecoder(strict=False).raw_decode(answer, start)[0], False
    except (ValueError, RecursionError):
        pass
    try:
        return from_json(answer[start:], allow_partial=True), True
    except (ValueError, TypeError):  # the second for half a surrogate pair, which JSON of a server may escape
        return None, False


def _name_and_text(item: dict[str, object]) -> tuple[str, str]:
    """Return name and text of a file in JSON; "" for a missing part."""
    name = next((item[key] for key in _NAME_KEYS if isinstance(item.get(key), str)), "")
    text = next((item[key] for key in _TEXT_KEYS if isinstance(item.get(key), str)), "")
    return str(name), str(text)


def _fenced(answer: str) -> Iterator[_Fenced]:
    """Yield the fenced blocks, and what follows an opening fence without a closing one as a block that is not closed.

    A fence with a language opens a block, also inside another: READMEs nest them.
    """
    before, info, body, depth = "", "", list[str](), 0
    for line in answer.split("\n"):
        fence = _FENCE.fullmatch(line.strip())
        if fence:
            depth += 1 if not depth or fence[2].strip() else -1
        if fence and depth == 1 and not body and not info:
            info = fence[2].strip() or " "
        elif fence and not depth:
            yield _Fenced(before, info, "".join(body))
            before, info, body = "", "", []
        elif depth:
            body.append(f"{line}\n")
        elif line.strip():
            before = line
    if depth:
        yield _Fenced(before, info, "".join(body), closed=False)


def _name_of(block: _Fenced) -> str:
    """Return the file name in the info string or in the line before the fence; else `index.html` for a page, or "".

    A sentence before JSON names the files inside it, not the block.
    """
    named = _NAME.findall(block.info) or (_NAME.findall(block.before) if len(block.before) <= 120 else [])
    info, suffix = block.info.strip().lower(), named[-1].lower().rpartition(".")[2] if named else ""
    if info == "json" and suffix and suffix != "json":
        return ""
    if suffix in _LANGUAGES and not _NAME.search(block.info) and info not in _LANGUAGES[suffix]:
        return ""
    if named:
        return str(named[-1])
    return "index.html" if _PAGE.match(block.body.lstrip()) else ""
