"""The Content-Security-Policy of our own pages: nothing inline or foreign. Published pages are foreign and get none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

#: https://www.w3.org/TR/CSP3/ -- Django's style sheets use `data:` pictures.
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

#: First path segments of answers that are not our pages: published pages, and git's protocol.
FOREIGN = frozenset({"pages", "git"})


class ContentSecurityPolicyMiddleware:
    """Adds the policy to all answers except those of FOREIGN, unless a view has set its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        foreign = request.path_info.lstrip("/").split("/", 1)[0] in FOREIGN
        # A browser shows a picture in a page of its own, whose inline style the policy would block.
        if not foreign and response.headers.get("Content-Type") != "image/jpeg":
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
