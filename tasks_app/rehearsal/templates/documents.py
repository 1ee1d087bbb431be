"""Generated files that hold words: Markdown, plain text and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tasks_app.rehearsal.templates.columns import sentence
from tasks_app.rehearsal.templates.generated import FileSpec, GeneratedFile, Value
from tasks_app.rehearsal.templates.words import PRODUCTS, WORDS

if TYPE_CHECKING:
    from tasks_app.rehearsal.templates.draws import SeededDraws


class MarkdownSpec(FileSpec):
    """A title, and sections of a paragraph with a list, a fenced block of code or a table, by turns."""

    kind: Literal["markdown"]
    sections: Annotated[int, Field(ge=1, le=30)] = 3

    def generate(self, draws: SeededDraws) -> GeneratedFile:
        parts = (_list, _code, _table)
        blocks = [f"# {_title(draws)}", _paragraph(draws)]
        for number in range(self.sections):
            blocks += [f"## {_title(draws)}", _paragraph(draws), parts[number % len(parts)](draws)]
        text = "\n\n".join(blocks) + "\n"
        return GeneratedFile(text.encode(), "text/markdown", text=text)


def _title(draws: SeededDraws) -> str:
    return f"The {draws.one_of(WORDS)} and the {draws.one_of(WORDS)}"


def _paragraph(draws: SeededDraws) -> str:
    first, second = sentence(draws), sentence(draws)
    return f"{first} {second} Read on about **{draws.one_of(WORDS)}** and *{draws.one_of(WORDS)}*."


def _list(draws: SeededDraws) -> str:
    return "\n".join(f"- {word}" for word in draws.shuffled(WORDS)[:4])


def _code(draws: SeededDraws) -> str:
    return f"```js\nconst {draws.one_of(WORDS)} = {draws.between(1, 99)};\n```"


def _table(draws: SeededDraws) -> str:
    rows = [f"| {name} | {draws.between(1, 99)} |" for name in draws.shuffled(PRODUCTS)[:3]]
    return "\n".join(["| Item | Count |", "| --- | --- |", *rows])


class TextSpec(FileSpec):
    """Lines of words, without punctuation. Its table has `line`."""

    kind: Literal["text"]
    lines: Annotated[int, Field(ge=1, le=500)] = 8
    words: Annotated[int, Field(ge=1, le=50)] = 6  # of a line

    def generate(self, draws: SeededDraws) -> GeneratedFile:
        lines = [" ".join(draws.spread(WORDS, self.words)) for _ in range(self.lines)]
        text = "".join(f"{line}\n" for line in lines)
        return GeneratedFile(text.encode(), "text/plain", {"": {"line": lines}}, text)


#: The line of a script that may be wrong: as it should be, and with each fault.
_LINES = {
    "javascript": {
        "none": "for (let at = 0; at < values.length; at += 1) sum += values[at];",
        "skips-last": "for (let at = 0; at < values.length - 1; at += 1) sum += values[at];",
        "skips-first": "for (let at = 1; at < values.length; at += 1) sum += values[at];",
    },
    "python": {
        "none": "for value in values:",
        "skips-last": "for value in values[:-1]:",
        "skips-first": "for value in values[1:]:",
    },
}
_JAVASCRIPT = """// Adds up the numbers of one week.
const NUMBERS = [{numbers}];

function total(values) {{
  let sum = 0;
  {line}
  return sum;
}}
"""
_PYTHON = '''"""Writes the numbers of one week, and their total, to standard output as JSON."""

import json

NUMBERS = [{numbers}]


def total(values):
    result = 0
    {line}
        result += value
    return result


if __name__ == "__main__":
    print(json.dumps({{"numbers": NUMBERS, "total": total(NUMBERS)}}))
'''


class ScriptSpec(FileSpec):
    """A script with the list NUMBERS and a function `total`, which may have a fault. Its table has `number`."""

    kind: Literal["script"]
    language: Literal["javascript", "python"] = "javascript"
    fault: Literal["none", "skips-last", "skips-first"] = "none"
    numbers: Annotated[int, Field(ge=2, le=100)] = 7

    def generate(self, draws: SeededDraws) -> GeneratedFile:
        numbers: list[Value] = [draws.between(1, 99) for _ in range(self.numbers)]
        form = _JAVASCRIPT if self.language == "javascript" else _PYTHON
        listed = ", ".join(map(str, numbers))
        text = form.format(numbers=listed, line=_LINES[self.language][self.fault])
        return GeneratedFile(text.encode(), f"text/{self._subtype()}", {"": {"number": numbers}}, text)

    def _subtype(self) -> str:
        return "javascript" if self.language == "javascript" else "x-python"
