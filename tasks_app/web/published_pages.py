"""Serves the local forge's published pages as GitHub Pages does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseNotModified, HttpResponsePermanentRedirect
from django.utils.http import parse_etags
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from engine.adapters.local.pages import Redirect
from tasks_app import wiring

if TYPE_CHECKING:
    from django.http import HttpRequest

# A browser must revalidate each time, so that an evaluator sees the commit of its callback. The other headers allow
# what GitHub Pages allows (framing, fetching, opening windows); the admin is on another host.
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@csrf_exempt
@require_safe
@xframe_options_exempt
def page(request: HttpRequest, owner: str, name: str, path: str = "") -> HttpResponse:
    """Serve a file of a page's newest commit; 404 in plain text, or with the site's own 404.html; 410 if taken down."""
    if path == "" and not request.path.endswith("/"):
        return _to_folder(request)
    forge = wiring.local_forge()
    if forge.taken_down(owner, name):
        text = "410: this page was taken down by the people who run this service.\n"
        return HttpResponse(text, status=410, content_type="text/plain; charset=utf-8", headers=HEADERS)
    file = forge.page(owner, name, path)
    if file is None:
        return HttpResponse(
            "404: there is nothing here.\n", status=404, content_type="text/plain; charset=utf-8", headers=HEADERS
        )
    if isinstance(file, Redirect):
        return _to_folder(request)
    etag = f'"{file.etag}"'
    headers = {**HEADERS, "ETag": etag, "Content-Length": str(len(file.content))}
    if file.status == 200 and _is_known(request, etag):
        del headers["Content-Length"]
        return HttpResponseNotModified(headers=headers)
    content = b"" if request.method == "HEAD" else file.content
    return HttpResponse(content, status=file.status, content_type=file.media_type, headers=headers)


def _to_folder(request: HttpRequest) -> HttpResponse:
    """Redirect to the address with the slash that a folder's relative links need. It stays under /pages/."""
    return HttpResponsePermanentRedirect(
        request.get_full_path(force_append_slash=True), headers={"Cache-Control": "no-cache"}
    )


def _is_known(request: HttpRequest, etag: str) -> bool:
    known = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))]
    return etag in known or "*" in known
