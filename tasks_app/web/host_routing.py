"""Keeps generated pages and the admin on two host names, so that no page is ever sent the admin's cookies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


#: Where an operator or a developer works: never beside a generated page.
_FOR_PEOPLE = {"admin", "docs", "evidence", "openapi.json"}


class HostRoutingMiddleware:
    """Redirects pages to PAGES_ORIGIN from every other host, admin and documentation away from it. Ports do not part cookies, names do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Redirect or go on; a Host that is not ours is refused here, before anything is looked at."""
        # Names are told apart as ALLOWED_HOSTS does it: `PAGES.example.:80` is `pages.example`, and gets no admin either.
        name = split_domain_port(request.get_host())[0].strip("[]")
        first = request.path_info.lstrip("/").split("/", 1)[0]
        if first in {"pages", "git"} and name != settings.PAGES_HOST:
            return _moved(settings.PAGES_ORIGIN, request)
        if first in _FOR_PEOPLE and name == settings.PAGES_HOST:
            return _moved(settings.PUBLIC_URL, request)
        return self.get_response(request)


def _moved(origin: str, request: HttpRequest) -> HttpResponse:
    """Lead a reader over; the path is appended to an origin, so it cannot lead elsewhere. What would change something is not led."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponse(f"This lives on {origin}.\n", status=403, content_type="text/plain; charset=utf-8")
    return HttpResponseRedirect(origin + request.get_full_path())
