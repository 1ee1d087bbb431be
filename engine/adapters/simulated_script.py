"""The one script of a simulated page: it reads the attached files beside the page when it is opened, shows them and computes the figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.adapters.simulated_wishes import Figure

_SOURCE = """\
(() => {
  "use strict";
  const WANTED = %s;
  const at = (id) => document.getElementById(id);
  const numberIn = (cell) => (/\\d/.test(cell) ? Number(cell.replace(/[^\\d.+-]/g, "")) : NaN);
  const plain = (value) => String(Number(value.toFixed(10)));
  function rowsIn(text) {
    const line = text.split("\\n", 1)[0];
    const mark = [",", ";", "\\t", "|"].reduce((best, one) => (line.split(one).length > line.split(best).length ? one : best));
    const rows = [[""]];
    let quoted = false;
    for (let i = text.charCodeAt(0) === 0xfeff ? 1 : 0; i < text.length; i += 1) {
      const row = rows[rows.length - 1];
      const sign = text[i];
      if (quoted && sign === '"' && text[i + 1] === '"') { row[row.length - 1] += '"'; i += 1; }
      else if (sign === '"') quoted = !quoted;
      else if (!quoted && sign === mark) row.push("");
      else if (!quoted && sign === "\\n") rows.push([""]);
      else if (quoted || sign !== "\\r") row[row.length - 1] += sign;
    }
    return rows.map((row) => row.map((cell) => cell.trim())).filter((row) => row.some((cell) => cell));
  }
  function compute(operation, cells) {
    if (operation === "count") return cells.length;
    const numbers = cells.map(numberIn).filter((value) => !Number.isNaN(value));
    const sum = numbers.reduce((total, value) => total + value, 0);
    if (operation === "sum") return sum;
    if (!numbers.length) return NaN;
    if (operation === "average") return sum / numbers.length;
    return numbers.reduce((a, b) => Math[operation](a, b));
  }
  function showTable(file, text) {
    const [header, ...body] = rowsIn(text);
    const table = at(file.id);
    const fill = (row, cells, tag) => cells.forEach((cell) => { row.appendChild(document.createElement(tag)).textContent = cell; });
    fill(table.createTHead().insertRow(), header || [], "th");
    table.tHead.querySelectorAll("th").forEach((cell) => { cell.scope = "col"; });
    const rows = table.createTBody();
    body.forEach((cells) => fill(rows.insertRow(), cells, "td"));
    const column = (place) => body.map((cells) => cells[place] || "").filter((cell) => cell);
    const totals = (header || []).map((name, place) => [name, column(place)])
      .filter(([, cells]) => cells.length && cells.every((cell) => /^[^\\w\\s]?\\s?[+-]?[\\d.,]*\\d[\\d.,]*$/.test(cell)))
      .map(([name, cells]) => `${name}: ${plain(compute("sum", cells))}`);
    WANTED.figures.filter((figure) => figure.file === file.name).forEach((figure) => {
      const cells = figure.column ? column(header.indexOf(figure.column)) : body;
      const value = compute(figure.operation, cells);
      at(figure.id).textContent = Number.isNaN(value) ? "no numbers" : plain(value);
    });
    return `${body.length} rows.${totals.length ? ` Totals: ${totals.join(", ")}.` : ""}`;
  }
  async function show(file) {
    const status = at(file.status);
    try {
      const answer = await fetch(file.href);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const text = await answer.text();
      if (file.kind === "table") { status.textContent = showTable(file, text); return; }
      at(file.id).textContent = file.kind === "json" ? JSON.stringify(JSON.parse(text), null, 2) : text;
      status.textContent = `${text.length} characters.`;
    } catch (error) { status.textContent = `${file.name} could not be shown: ${error.message}`; }
  }
  document.addEventListener("DOMContentLoaded", () => {
    WANTED.files.forEach(show);
    document.querySelectorAll("form[data-simulated]").forEach((form) => form.addEventListener("submit", (event) => {
      event.preventDefault();
      form.querySelector("[role=status]").textContent = "The simulated model cannot carry this out.";
    }));
  });
})();"""


def page_script(files: Sequence[Mapping[str, str]], figures: Sequence[Figure]) -> str:
    """Return the inline script element. A file has `name`, `kind`, the `id` that it is shown in and that of its `status` line."""
    shown = [{**file, "href": quote(file["name"])} for file in files]
    wanted = {
        "files": shown,
        "figures": [
            {"id": one.id, "file": one.file, "column": one.column, "operation": one.operation} for one in figures
        ],
    }
    data = json.dumps(wanted).replace("<", "\\u003c")  # so that no name can end the script
    return f"<script>\n{_SOURCE % data}\n</script>\n"
