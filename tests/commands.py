"""Management commands as tests run them: in this process, with what they print as text."""

from __future__ import annotations

import io

from django.core.management import call_command


def run(*arguments: object) -> str:
    """Run a command with its arguments and return what it printed. Raises what it raises."""
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()
