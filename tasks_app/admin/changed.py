"""Attachments that a round changed, on its page: what came beside what became of it, and the lines that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.template.loader import render_to_string

from tasks_app.admin.display import NOTHING, contents, short, visible
from tasks_app.changed_files import changed_files

if TYPE_CHECKING:
    from tasks_app.models import Round


@admin.display(description="changed attachments")
def changed_attachments(row: Round) -> str:
    """Return both versions of each, of the chosen attempt; until one is chosen, of none."""
    found = [
        {
            "name": short(file.name, 255),
            "original": contents(file.original),
            "now": NOTHING if file.now is None else contents(file.now),
            "original_sha256": file.original_sha256,
            "now_sha256": file.now_sha256,
            "diff": [visible(line) for line in file.diff],
            "why_not": file.why_not,
        }
        for file in changed_files(row, row.chosen_attempt)
    ]
    return render_to_string("console/changed.html", {"files": found}) if found else "none"
