"""The Content-Security-Policy of every page of ours: nothing inline, nothing foreign. Published pages are a stranger's and have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

#: https://www.w3.org/TR/CSP3/ -- `data:` pictures are those of Django's own style sheets.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

#: Paths whose answers are not ours: what a model wrote, and git's protocol.
FOREIGN = frozenset({"pages", "git"})


class ContentSecurityPolicyMiddleware:
    """Adds the policy to every answer but those of FOREIGN; a view that needs another one has set its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the policy."""
        response = self.get_response(request)
        foreign = request.path_info.lstrip("/").split("/", 1)[0] in FOREIGN
        # A browser that shows a picture by itself puts it into a page of its own, with a style that the policy would forbid.
        if not foreign and response.headers.get("Content-Type") != "image/jpeg":
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
