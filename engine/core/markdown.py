"""A Markdown text's sections, read line by line in linear time."""

from __future__ import annotations

from dataclasses import dataclass, field

_NO_TITLE = ("#", "-", "*", "+", ">", "|")


@dataclass(slots=True)
class MarkdownSection:
    """A heading with its level, and the lines up to the next heading; what stands before the first one has level 0."""

    level: int = 0
    title: str = ""
    lines: list[str] = field(default_factory=list)


def markdown_sections(text: str) -> list[MarkdownSection]:
    """Return a text's sections in their order; what stands in fenced code is no heading."""
    found, fence = [MarkdownSection()], ""
    for line in text.split("\n"):
        bare = line.lstrip()
        before, fence = fence, _fence_after(fence, bare) if len(line) - len(bare) < 4 else fence
        if before or fence:
            found[-1].lines.append(line)
        elif heading := _heading(line):
            found.append(heading)
        elif level := _underline(line, found[-1].lines):
            found.append(MarkdownSection(level, found[-1].lines.pop().strip()))
        else:
            found[-1].lines.append(line)
    return found


def headings(markdown: str) -> list[str]:
    """Return the titles of a Markdown text's headings."""
    return [one.title for one in markdown_sections(markdown) if one.level]


def _fence_after(fence: str, line: str) -> str:
    """Return the fence that is open after a line, "" for none."""
    sign = line[:1]
    if sign not in {"`", "~"}:
        return fence
    width = len(line) - len(line.lstrip(sign))
    if fence:
        return "" if sign == fence[0] and width >= len(fence) and not line[width:].strip() else fence
    return sign * width if width >= 3 and (sign == "~" or "`" not in line[width:]) else ""


def _heading(line: str) -> MarkdownSection | None:
    bare = line.lstrip(" ")
    level = len(bare) - len(bare.lstrip("#"))
    if len(line) - len(bare) > 3 or not 1 <= level <= 6 or bare[level : level + 1] not in {"", " ", "\t"}:
        return None
    title = bare[level:].strip()
    stem = title.rstrip("#")
    return MarkdownSection(level, stem.rstrip() if stem == "" or stem[-1] in " \t" else title)


def _underline(line: str, before: list[str]) -> int:
    """Return the level of the heading that a line of `=` or `-` makes of the line before it, 0 where it makes none."""
    bare = line.strip()
    if not bare or line[:4].isspace() or bare.strip(bare[0]):
        return 0
    titled = before and before[-1].strip() and not before[-1].lstrip().startswith(_NO_TITLE)
    return {"=": 1, "-": 2}.get(bare[0], 0) if titled else 0
