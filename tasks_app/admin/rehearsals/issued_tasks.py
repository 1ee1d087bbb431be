"""The console's pages of issued tasks, of calls to /rehearsal/notify, and of single results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.db.models.functions import Length
from django.http import Http404, HttpResponse
from django.urls import path

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import console, in_list, on_page, values
from tasks_app.admin.rehearsals.columns import FailingFilter, RehearsalFilter, RehearsalRowAdmin, result_pill
from tasks_app.admin.rehearsals.judged_rounds import CALLS, RESULTS, judged_round, rehearsal_picture
from tasks_app.models import IssuedTask, NotifyCall, RehearsalResult
from tasks_app.rehearsal.evaluator import CALLBACK_KEYS
from tasks_app.rehearsal.results.summaries import FAILING
from tasks_app.reports.display import NOTHING, json_block, pill, shown

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.urls import URLPattern
    from django.utils.safestring import SafeString


@admin.display(description="state", ordering="state")
def state(row: IssuedTask) -> SafeString | str:
    return pill(row.state)


@admin.display(description="callback")
def callback(row: IssuedTask) -> SafeString | str:
    """Return the keys of the contract. A foreign endpoint may have sent anything beside them, its secret too."""
    said = row.callback if isinstance(row.callback, dict) else {}
    return json_block({key: value for key, value in said.items() if key in CALLBACK_KEYS})


@admin.register(IssuedTask, site=console)
class IssuedTaskAdmin(RehearsalRowAdmin):
    heavy = HEAVY["IssuedTask"]
    to_rehearsal = "submission__rehearsal"
    to_results = "issued"
    change_form_template = "console/issued_task.html"
    list_display = in_list(
        "task", "round", "submission", state, "tries", "status_code", "accepted_at", "callback_at", "late", "error"
    )
    list_filter = (FailingFilter, *values("state", "template"), "late", RehearsalFilter)
    list_select_related = ("submission",)
    search_fields = ("task", "nonce", "error", "submission__email")
    search_help_text = "task, nonce, error or submission"
    fieldsets = (  # type: ignore[assignment]  # a read-only field may be a callable
        (
            None,
            {"fields": on_page("submission", "template", "task", "round", "criteria", "request")},
        ),
        (
            "Row",
            {"classes": ("collapse",), "fields": on_page(
                "nonce", "seed", state, "tries", "next_at", "sent_at", "accepted_at", "status_code", "error",
                "callback_at", "late", callback, "judged_at",
            )},
        ),
    )  # fmt: skip

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *rest: Any, **more: Any
    ) -> HttpResponse:
        row: IssuedTask = context["original"]
        context["round"] = judged_round(row, RESULTS.filter(issued=row), CALLS.filter(issued=row))
        return super().render_change_form(request, context, *rest, **more)


@admin.register(NotifyCall, site=console)
class NotifyCallAdmin(RehearsalRowAdmin):
    heavy = ("body",)
    to_rehearsal = "issued__submission__rehearsal"
    list_display = in_list("at", shown("status_code", "our answer"), "client", "issued", "reason")
    list_filter = (*values("status_code"), "at", RehearsalFilter)
    list_select_related = ("issued",)
    search_fields = ("reason", "client", "issued__task", "issued__submission__email")
    search_help_text = "reason, address, task or submission"
    fields = on_page("at", "client", shown("status_code", "our answer"), "reason", "issued", "body")


@admin.display(description="score", ordering="score")
def score(row: RehearsalResult) -> SafeString | str:
    return result_pill(row.score)


@admin.display(description="screenshot")
def screenshot(row: RehearsalResult) -> SafeString | str:
    return rehearsal_picture(row) if vars(row)["picture_bytes"] else NOTHING


class ResultFilter(admin.SimpleListFilter):
    """A filter by how a check ended."""

    title = "score"
    parameter_name = "failing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "failing"), ("0", "held"), ("none", "not decided")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        which = {"1": FAILING, "0": Q(score__isnull=False) & ~FAILING, "none": Q(score__isnull=True)}
        return queryset.filter(which.get(self.value() or "", Q()))


@admin.register(RehearsalResult, site=console)
class RehearsalResultAdmin(RehearsalRowAdmin):
    heavy = ("log", "screenshot")
    to_rehearsal = "issued__submission__rehearsal"
    list_display = in_list(shown("check_text", "check", brief=True), "kind", score, "issued", "reason")
    list_filter = (ResultFilter, *values("kind"), RehearsalFilter)
    list_select_related = ("issued",)
    search_fields = ("check_text", "reason", "issued__task", "issued__submission__email")
    search_help_text = "check, reason, task or submission"
    fields = on_page(shown("check_text", "check"), "kind", score, "issued", "number", "reason", "log", screenshot)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row with the length of its screenshot, which its page shows by its address."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            vars(row)["picture_bytes"] = RehearsalResult.objects.values_list(Length("screenshot"), flat=True).get(
                pk=row.pk
            )
        return row

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.screenshot_view)
        own = path("<int:pk>/screenshot.jpg", view, name="tasks_app_rehearsalresult_screenshot")
        return [own, *super().get_urls()]

    def screenshot_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Serve a screenshot to an operator who may see its row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        taken = RehearsalResult.objects.filter(pk=pk).values_list("screenshot", flat=True).first()
        if not taken:
            raise Http404
        return HttpResponse(bytes(taken), content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})
