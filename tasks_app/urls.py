"""Routes, as the contract names them."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from tasks_app.admin import console
from tasks_app.api.docs import OpenApi, docs
from tasks_app.api.views import HandleTask, RoundStatus
from tasks_app.web.evidence_page import evidence, evidence_picture
from tasks_app.web.git_http import git_read
from tasks_app.web.landing import healthz, landing, readyz
from tasks_app.web.metrics import metrics
from tasks_app.web.published_pages import page
from tasks_app.web.rehearsal_notify import notify

urlpatterns = [
    path("handle_task", HandleTask.as_view()),
    path("handle_task/", HandleTask.as_view(schema=None)),  # one entry in the schema is enough
    path("api/rounds/<uuid:round_id>", RoundStatus.as_view()),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("evidence/<str:token>", evidence, name="evidence"),
    path("evidence/<str:token>/<int:number>.jpg", evidence_picture, name="evidence_picture"),
    path("rehearsal/notify", notify),
    path("rehearsal/notify/", notify),
    path("docs", docs),
    path("openapi.json", OpenApi.as_view()),
    path("pages/<str:owner>/<str:name>", page),
    path("pages/<str:owner>/<str:name>/<path:path>", page),
    path("pages/<str:owner>/<str:name>/", page),
    path("git/<str:owner>/<str:name>.git/<path:rest>", git_read),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", console.urls),
    path("", landing),
]

handler400 = "tasks_app.api.problems.bad_request"
handler404 = "tasks_app.api.problems.not_found"
handler500 = "tasks_app.api.problems.server_error"
