"""What browsers may do with our own pages: nothing inline or foreign, no devices. Published pages are foreign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http.request import split_domain_port

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

#: No page of ours uses any of these. https://www.w3.org/TR/permissions-policy/
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
        "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock",
        "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip

#: First path segments of answers that are not our pages: published pages, and git's protocol.
FOREIGN = frozenset({"pages", "git"})


class ContentSecurityPolicyMiddleware:
    """Adds the policies to all answers except those of FOREIGN, unless a view has set its own.

    Answers on PUBLIC_URL's host also get HSTS if that is https. We see no TLS ourselves: a proxy ends it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        foreign = request.path_info.lstrip("/").split("/", 1)[0] in FOREIGN
        # A browser shows a picture in a page of its own, whose inline style the policy would block.
        if not foreign and response.headers.get("Content-Type") != "image/jpeg":
            response.headers.setdefault("Content-Security-Policy", POLICY)
        if not foreign:
            response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if self._over_tls and split_domain_port(request.META.get("HTTP_HOST", ""))[0] == settings.PUBLIC_HOST:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={settings.HSTS_SECONDS}")
        return response

    @property
    def _over_tls(self) -> bool:
        return settings.HSTS_SECONDS > 0 and settings.PUBLIC_URL.startswith("https:")
