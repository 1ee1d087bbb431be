"""The console's pages of model calls and what they gave: attempts, their files, their check results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.html import format_html_join

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import ReadOnlyAdmin, ValuesFilter, console
from tasks_app.admin.round_tables import files_table, results_table
from tasks_app.models import Attempt, CheckResult, SourceFile
from tasks_app.reports.display import NOTHING, block, contents, picture, pill, removed, shown, visible

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

_ROUND = tuple(f"round__{name}" for name in HEAVY)
_ATTEMPT = ("attempt__messages", "attempt__parameters", "attempt__reply")


@admin.display(description="prompt as sent")
def prompt(row: Attempt) -> SafeString | str:
    """Return the messages one below the other."""
    if row.emptied_at:
        return removed(row.emptied_at, settings.KEEP_PROMPTS_DAYS)
    return (
        format_html_join("", "<h4>{}</h4>{}", ((visible(str(m.get("role"))), block(_said(m))) for m in row.messages))
        or NOTHING
    )


def _said(message: dict[str, object]) -> str:
    """Return a message's text, and below it which pictures went with it: their bytes are the round's attachments."""
    pictures = message.get("images")
    text = _text(message.get("content"))
    return f"{text}\n\nPictures: {_text(pictures)}" if pictures else text


def _text(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)


@admin.display(description="reply as it came")
def reply(row: Attempt) -> SafeString | str:
    """Return the model's answer."""
    if row.emptied_at:
        return removed(row.emptied_at, settings.KEEP_PROMPTS_DAYS)
    return block(row.reply)


@admin.display(description="files")
def files(row: Attempt) -> SafeString | str:
    """Return the attempt's tree, without the bytes."""
    return files_table(row.files.defer("content")[:201])


@admin.display(description="check results")
def results(row: Attempt) -> SafeString | str:
    """Return what the checks gave for this attempt."""
    return results_table(row.check_results.defer("screenshot", "console", "value")[:201])


@admin.register(Attempt, site=console)
class AttemptAdmin(ReadOnlyAdmin):
    """A model call: what was sent, what came back."""

    heavy = (
        "messages", "parameters", "reply", *_ROUND, "parent__messages", "parent__parameters", "parent__reply",
    )  # fmt: skip
    list_display = (
        shown("kind"), shown("round"), shown("run"), shown("outcome"), shown("model_asked"), shown("simulated"), shown("seconds"),
        shown("input_tokens"), shown("output_tokens"), shown("cost"), shown("error_code"), shown("started_at"),
    )  # fmt: skip
    list_filter = (
        ("kind", ValuesFilter),
        ("outcome", ValuesFilter),
        "simulated",
        ("provider", ValuesFilter),
        "started_at",
    )
    list_select_related = ("round", "parent")
    ordering = ("-pk",)
    search_fields = (
        "model_asked",
        "model_answered",
        "request_id",
        "error_code",
        "error_message",
        "round__task_name",
        "round__email",
        "round__nonce",
    )
    fieldsets = (
        (
            None,
            {"fields": (
                shown("kind"), shown("round"), shown("run"), shown("parent"), shown("simulated"), shown("outcome"), shown("error_code"),
                shown("error_message"), shown("started_at"), shown("seconds"), shown("emptied_at"),
            )},
        ),
        ("What was said", {"fields": (prompt, reply)}),
        ("What came of it", {"fields": (results, files)}),
        (
            "The call",
            {"fields": (
                shown("provider"), shown("model_asked"), shown("model_answered"), shown("request_id"), shown("parameters"),
                shown("finish_reason"), shown("input_tokens"), shown("cached_tokens"), shown("output_tokens"), shown("reasoning_tokens"),
                shown("cost"), shown("cost_source"), shown("counted_tokens"), shown("prompt_name"), shown("prompt_version"), shown("prompt_digest"),
            )},
        ),
    )  # fmt: skip


@admin.display(description="contents")
def file_contents(row: SourceFile) -> SafeString | str:
    """Return the file, readable where it is text."""
    if row.size and not row.content:
        return removed(row.attempt.emptied_at, settings.KEEP_PROMPTS_DAYS)
    return contents(row.content)


@admin.register(SourceFile, site=console)
class SourceFileAdmin(ReadOnlyAdmin):
    """A file of an attempt."""

    heavy = ("content", *_ATTEMPT)
    list_display = (shown("path"), shown("attempt"), shown("origin"), shown("size"), shown("sha256", "SHA-256"))
    list_filter = (("origin", ValuesFilter),)
    list_select_related = ("attempt",)
    ordering = ("-pk",)
    search_fields = ("path", "sha256", "attempt__round__task_name")
    fieldsets = (
        (
            None,
            {"fields": (
                shown("path"), shown("attempt"), shown("origin"), shown("size"), shown("sha256", "SHA-256"), file_contents,
            )},
        ),
    )  # fmt: skip


@admin.display(description="verdict", ordering="verdict")
def verdict(row: CheckResult) -> SafeString | str:
    """Return the verdict in its colour."""
    return pill(row.verdict)


@admin.display(description="screenshot")
def screenshot(row: CheckResult) -> SafeString | str:
    """Return the picture: a JPEG that our own browser made, whatever the page."""
    if row.screenshot_removed_at:
        return removed(row.screenshot_removed_at, settings.KEEP_SCREENSHOTS_DAYS)
    return picture(row) if row.screenshot else NOTHING


@admin.register(CheckResult, site=console)
class CheckResultAdmin(ReadOnlyAdmin):
    """What one check gave."""

    heavy = ("screenshot", "console", "value", "predicates", *_ATTEMPT)
    list_display = (
        shown("text", brief=True), shown("kind"), verdict, shown("target"), shown("attempt"), shown("detail", brief=True),
    )  # fmt: skip
    list_filter = (("verdict", ValuesFilter), ("kind", ValuesFilter), ("target", ValuesFilter))
    list_select_related = ("attempt",)
    ordering = ("-pk",)
    search_fields = ("text", "detail", "attempt__round__task_name")

    def get_urls(self) -> list[URLPattern]:
        """Add the address of a screenshot."""
        view = self.admin_site.admin_view(self.screenshot_view)
        return [path("<int:pk>/screenshot.jpg", view, name="tasks_app_checkresult_screenshot"), *super().get_urls()]

    def screenshot_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Serve one screenshot to an operator who may see the row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        taken = CheckResult.objects.filter(pk=pk).values_list("screenshot", flat=True).first()
        if not taken:
            raise Http404
        return HttpResponse(bytes(taken), content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    fieldsets = (
        (
            None,
            {"fields": (
                shown("text"), shown("kind"), verdict, shown("target"), shown("position"), shown("attempt"), shown("value"),
                shown("detail"), shown("predicates"), shown("milliseconds"), shown("console"), screenshot, shown("screenshot_removed_at"),
            )},
        ),
    )  # fmt: skip
