"""The twelve templates of our own."""

from __future__ import annotations

from pathlib import Path

from tasks_app.rehearsal.templates.reading import read_templates_at

FOLDER = Path(__file__).resolve().parents[1] / "samples" / "templates"


def own_templates() -> str:
    """Return their YAML."""
    return read_templates_at(str(FOLDER))
