"""The admin site and the base of its pages. Our own site shows our rows only, not those of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils.functional import cached_property

from tasks_app.admin.actions import close_breaker, switch_pause
from tasks_app.admin.columns import HEAVY
from tasks_app.admin.overview import overview
from tasks_app.operations.client_limits import (
    DEVICE_COOKIE,
    DEVICE_SECONDS,
    client_address,
    device_cookie,
    login_failed,
    login_succeeded,
    login_wait,
)
from tasks_app.reports.display import NOTHING, shown, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from django.contrib.admin.filters import _ListFilterChoices
    from django.contrib.admin.views.main import ChangeList
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.template.response import TemplateResponse
    from django.urls import URLPattern, URLResolver
    from django.utils.safestring import SafeString

    Column = Callable[[Any], SafeString | str]

#: The order of an operator's interest: requests, work, other events; then the evaluator's side.
ORDER = (
    "Round", "Task", "Rejection", "Event", "Alert", "Breaker", "Takedown", "ForgeQuota", "ForgeWrite", "ModelProfile",
    "WorkerBeat", "Attachment", "Plan", "StepRun", "Attempt", "SourceFile", "CheckResult", "Commit", "PagesStatus",
    "NotificationAttempt", "Rehearsal", "Submission", "IssuedTask", "NotifyCall", "RehearsalResult",
)  # fmt: skip


class LoginForm(AdminAuthenticationForm):
    """Django's form, which slows down guessing (tasks_app.operations.client_limits)."""

    def clean(self) -> dict[str, Any]:
        """Look at the password unless there were too many attempts. Raises ValidationError."""
        assert self.request is not None  # the login page passes it
        address, name = client_address(self.request), str(self.cleaned_data.get("username") or "")
        device = self.request.COOKIES.get(DEVICE_COOKIE, "")
        if not name or not self.cleaned_data.get("password"):
            return super().clean()
        if wait := login_wait(address, name, device):
            login_failed(address, name)
            message = f"Too many failed logins. Try again in {wait} seconds."
            raise ValidationError(message, code="throttled", params={"wait": wait})
        try:
            cleaned = super().clean()
        except ValidationError:
            login_failed(address, name)
            raise
        login_succeeded(address, name, device)
        return cleaned


class Console(admin.AdminSite):
    login_form = LoginForm

    site_header = "Self-Hosted LLM DevOps Engine"
    site_title = "DevOps Engine"
    index_title = "Console"
    index_template = "console/index.html"
    empty_value_display = NOTHING
    enable_nav_sidebar = False  # with fourteen names beside it the list of rounds would be too narrow

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer a throttled login with 429; remember the browser of one that succeeded."""
        answer = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            cookie = device_cookie(request.user.get_username(), request.COOKIES.get(DEVICE_COOKIE, ""))
            answer.set_cookie(
                DEVICE_COOKIE,
                cookie,
                max_age=DEVICE_SECONDS,
                path=reverse("admin:index"),
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        form = (getattr(answer, "context_data", None) or {}).get("form")
        for error in form.non_field_errors().as_data() if form is not None and form.is_bound else ():
            if error.code == "throttled":
                answer.status_code = 429
                answer.headers["Retry-After"] = str(error.params["wait"])
        return answer

    def index(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> TemplateResponse:
        """Show the service's overview above the list of models."""
        return super().index(request, {**overview(request), **(extra_context or {})})

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the addresses that close a breaker, and that begin and end a pause."""
        close = path("breaker/<str:kind>/close/", self.admin_view(close_breaker), name="breaker_close")
        switch = path("pause/<str:kind>/<str:what>/", self.admin_view(switch_pause), name="switch_pause")
        return [close, switch, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return the models in ORDER, then Django's users."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda m: ORDER.index(m["object_name"]) if m["object_name"] in ORDER else len(ORDER))
        return sorted(apps, key=lambda app: app["app_label"] != "tasks_app")


console = Console()
console.register(User, UserAdmin)


#: The search fields of rows that belong to a round.
OF_ROUND = ("round__task_name", "round__email", "round__nonce")

#: The most rows, the newest, that a list counts or searches for filter values: a large table would take seconds.
MOST_READ = 10_000


class ValuesFilter(admin.AllValuesFieldListFilter):
    """A filter by the values among the newest rows, as visible text."""

    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, *rest: Any, **more: Any) -> None:
        """Read the newest rows only, where Django reads all."""
        super().__init__(field, request, params, model, *rest, **more)
        manager = model._default_manager  # noqa: SLF001 -- as Django's own filter does
        newest = manager.order_by("-pk").values_list(field.name, flat=True)[:MOST_READ]
        options = sorted(set(newest), key=lambda value: (value is not None, str(value)))
        self.lookup_choices = options  # type: ignore[assignment]  # Django only iterates over it

    def choices(self, changelist: ChangeList) -> Iterator[_ListFilterChoices]:
        """Return Django's choices as visible text."""
        for choice in super().choices(changelist):
            yield {**choice, "display": visible(str(choice["display"]))}


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # Django 5.2 has no `Paginator[...]`
    """Stops counting at MOST_READ: a full count of a large table takes seconds at each visit."""

    most = MOST_READ
    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[: self.most].count()


def values(*names: str) -> tuple[tuple[str, type[ValuesFilter]], ...]:
    """Return filters by the values of the fields."""
    return tuple((name, ValuesFilter) for name in names)


def in_list(*columns: str | Column) -> tuple[Column, ...]:
    """Return a list's columns: fields by name, each on one line, or columns unchanged."""
    return tuple(shown(one, brief=True) if isinstance(one, str) else one for one in columns)


def on_page(*columns: str | Column) -> tuple[Any, ...]:
    """Return the parts of a row's own page: fields by name, in full, or columns unchanged.

    Django's types allow only names here, but a read-only field may be a callable.
    """
    return tuple(shown(one) if isinstance(one, str) else one for one in columns)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django 5.2 has no `ModelAdmin[...]`
    """Rows that the console shows and never changes.

    `heavy` names columns that no list reads; only a row's own page does.
    """

    heavy: tuple[str, ...] = ()
    actions: Sequence[Callable[..., HttpResponse | None]] | None = None
    list_select_related: ClassVar[tuple[str, ...]] = ()
    # Django's types allow only names here, but a read-only field may be a callable.
    fieldsets: ClassVar[Sequence[tuple[str | None, Mapping[str, Any]]]] = ()  # type: ignore[assignment]
    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    change_form_template = "console/row.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        related = [f"{name}__{column}" for name in self.list_select_related for column in self._heavy_of(name)]
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows.defer(*self.heavy, *related)

    def _heavy_of(self, name: str) -> tuple[str, ...]:
        related = self.opts.get_field(name).related_model
        return HEAVY.get(related.__name__, ()) if isinstance(related, type) else ()

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        newest_first = tuple(name for name in self.opts.ordering or () if str(name).startswith("-"))
        return tuple(self.ordering or ()) or newest_first or ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return flatten_fieldsets(self.get_fieldsets(request, obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *rest: Any, **more: Any
    ) -> HttpResponse:
        """Title the page with the row's name as visible text."""
        context["subtitle"] = visible(str(context["original"]))[:200]
        return super().render_change_form(request, context, *rest, **more)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the row: Django's history only knows changes through the admin, and there are none."""
        return HttpResponseRedirect(reverse(f"admin:tasks_app_{self.opts.model_name}_change", args=[object_id]))
