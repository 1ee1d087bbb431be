"""Serves generated pages and the admin on two host names, so that no page is ever sent the admin's cookies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


#: Our own pages for people, which never share a host with a generated page.
_FOR_PEOPLE = {"admin", "docs", "evidence", "openapi.json"}

#: Load balancers probe by address or without a Host, and a rehearsal's callbacks may come through a tunnel with a name
#: of its own. These answers name no host.
_AT_ANY_HOST = {"/healthz", "/readyz", "/rehearsal/notify", "/rehearsal/notify/"}


class HostRoutingMiddleware:
    """Redirects pages to PAGES_ORIGIN, and our own pages away from it. Cookies ignore ports, but not names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Redirect or pass on. A Host that is not ours is refused here first, except where none counts."""
        if request.path_info in _AT_ANY_HOST:
            request.META["HTTP_HOST"] = "localhost"  # always allowed; the later middlewares ask for the host
            return self.get_response(request)
        # Names are compared as in ALLOWED_HOSTS: `PAGES.example.:80` is `pages.example`, and serves no admin either.
        name = split_domain_port(request.get_host())[0].strip("[]")
        first = request.path_info.lstrip("/").split("/", 1)[0]
        if first in {"pages", "git"} and name != settings.PAGES_HOST:
            return _redirected(settings.PAGES_ORIGIN, request)
        if first in _FOR_PEOPLE and name == settings.PAGES_HOST:
            return _redirected(settings.PUBLIC_URL, request)
        return self.get_response(request)


def _redirected(origin: str, request: HttpRequest) -> HttpResponse:
    """Redirect a GET or HEAD to the same path on `origin`; refuse other methods."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponse(f"This lives on {origin}.\n", status=403, content_type="text/plain; charset=utf-8")
    return HttpResponseRedirect(origin + request.get_full_path())
