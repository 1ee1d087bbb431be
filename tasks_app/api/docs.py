"""The API's description: OpenAPI for machines, Swagger UI for people. All of it is served from this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularJSONAPIView

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

#: Swagger UI needs no more than `data:` images (the arrows in its style sheet) and requests to this service.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class OpenApi(SpectacularJSONAPIView):
    """GET the description as `application/json`, the same bytes for everyone."""

    renderer_classes = [OpenApiJsonRenderer2]


@csrf_exempt
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the description, with forms that send requests to this service."""
    page = render(request, "docs.html")
    page["Content-Security-Policy"] = POLICY
    return page
