"""Content negotiation without a choice: every answer is JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.negotiation import BaseContentNegotiation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request


class JsonAlways(BaseContentNegotiation):
    """Answers JSON whatever the client accepts: an evaluator posts once, and no header may turn its task away."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        del request, format_suffix
        only = next(iter(renderers))
        return only, only.media_type
