"""The console's pages of attempts, and their plans, files and check results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils.html import format_html_join

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import OF_ROUND, ReadOnlyAdmin, console, in_list, on_page, values
from tasks_app.admin.round_tables import files_table, results_table
from tasks_app.models import Attempt, CheckResult, Plan, SourceFile
from tasks_app.reports.display import NOTHING, block, contents, picture, pill, removed, row_link, short, visible
from tasks_app.reports.file_changes import attempt_changes, files_are_with

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from tasks_app.reports.file_changes import FileChange


@admin.display(description="prompt as sent")
def prompt(row: Attempt) -> SafeString | str:
    """Return the messages below each other."""
    if row.emptied_at:
        return removed(row.emptied_at, settings.KEEP_PROMPTS_DAYS)
    return (
        format_html_join(
            "", "<h4>{}</h4>{}", ((visible(str(m.get("role"))), block(_message_text(m))) for m in row.messages)
        )
        or NOTHING
    )


def _message_text(message: dict[str, object]) -> str:
    """Return a message's text and the names of its pictures, whose bytes are the round's attachments."""
    pictures = message.get("images")
    text = _text(message.get("content"))
    return f"{text}\n\nPictures: {_text(pictures)}" if pictures else text


def _text(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)


@admin.display(description="reply as it came")
def reply(row: Attempt) -> SafeString | str:
    if row.emptied_at:
        return removed(row.emptied_at, settings.KEEP_PROMPTS_DAYS)
    return block(row.reply)


@admin.display(description="thoughts beside the reply")
def reasoning(row: Attempt) -> SafeString | str:
    if row.emptied_at:
        return removed(row.emptied_at, settings.KEEP_PROMPTS_DAYS)
    return block(row.reasoning)


@admin.display(description="files")
def files(row: Attempt) -> SafeString | str:
    return files_table(row.files.defer("content")[:201])


#: A comparison of more lines is folded.
_MOST_UNFOLDED = 60


@admin.display(description="differences")
def differences(row: Attempt) -> str:
    """Return what changed in the attempt's files since those that its model was shown, file by file."""
    found = attempt_changes(row)
    has_files = bool(found.changes or found.unchanged)
    context = {
        "before": row_link(found.before, _named(found.before)) if found.before else "",
        "has_files": has_files,
        "elsewhere": "" if has_files else row_link(files_are_with(row)),
        "files": [_compared(change) for change in found.changes],
        "unchanged": short(", ".join(found.unchanged), 1_000),
        "more": found.more,
    }
    return render_to_string("console/differences.html", context)


def _named(attempt: Attempt) -> str:
    return f"attempt {attempt.pk} of round {attempt.round.number} ({attempt.kind})"


def _compared(change: FileChange) -> dict[str, object]:
    return {
        "name": short(change.path, 255),
        "what": change.what,
        "how": change.how,
        "added": change.added,
        "cut": change.cut,
        "diff": [visible(line) for line in change.diff],
        "why_not": change.why_not,
        "open": len(change.diff) <= _MOST_UNFOLDED,
    }


@admin.display(description="check results")
def results(row: Attempt) -> SafeString | str:
    return results_table(row.check_results.defer("screenshot", "console", "value")[:201])


@admin.register(Attempt, site=console)
class AttemptAdmin(ReadOnlyAdmin):
    heavy = HEAVY["Attempt"]
    list_display = in_list(
        "kind", "round", "run", "outcome", "model_asked", "simulated", "seconds", "input_tokens", "output_tokens",
        "cost", "error_code", "started_at",
    )  # fmt: skip
    list_filter = (*values("kind", "outcome"), "simulated", *values("provider"), "started_at")
    list_select_related = ("round", "parent")
    search_fields = ("model_asked", "model_answered", "request_id", "error_code", "error_message", *OF_ROUND)
    fieldsets = (
        (
            None,
            {"fields": on_page(
                "kind", "round", "run", "parent", "simulated", "outcome", "error_code", "error_message", "started_at",
                "seconds", "emptied_at",
            )},
        ),
        ("What was said", {"fields": on_page(prompt, reply, reasoning)}),
        ("Files and checks", {"fields": on_page(differences, results, files)}),
        (
            "The call",
            {"fields": on_page(
                "provider", "model_asked", "model_answered", "request_id", "parameters", "finish_reason",
                "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost", "cost_source",
                "counted_tokens", "prompt_name", "prompt_version", "prompt_digest",
            )},
        ),
    )  # fmt: skip


@admin.register(Plan, site=console)
class PlanAdmin(ReadOnlyAdmin):
    heavy = ("plan", "refused")
    list_display = in_list("run", "round", "source", "edited_by", "attempt", "why_none", "made_at")
    list_filter = (*values("source"), "made_at")
    list_select_related = ("round", "attempt")
    search_fields = ("edited_by", "why_none", *OF_ROUND)
    fields = on_page("round", "run", "source", "edited_by", "attempt", "why_none", "refused", "plan", "made_at")


@admin.display(description="contents")
def file_contents(row: SourceFile) -> SafeString | str:
    """Return the file's text, or a binary file's size and hash."""
    if row.size and not row.content:
        return removed(row.attempt.emptied_at, settings.KEEP_PROMPTS_DAYS)
    return contents(row.content)


@admin.display(description="differences")
def file_differences(row: SourceFile) -> str:
    """Return what changed in a file since the version that the attempt's model was shown."""
    found = attempt_changes(row.attempt)
    change = next((one for one in found.changes if one.path == row.path), None)
    before = row_link(found.before, _named(found.before)) if found.before else ""
    files = [_compared(change)] if change else []
    context = {"before": before, "has_files": True, "files": files, "unchanged": "" if change else short(row.path, 255)}
    return render_to_string("console/differences.html", context)


@admin.register(SourceFile, site=console)
class SourceFileAdmin(ReadOnlyAdmin):
    heavy = ("content",)
    list_display = in_list("path", "attempt", "origin", "size", "sha256")
    list_filter = values("origin")
    list_select_related = ("attempt",)
    search_fields = ("path", "sha256", "attempt__round__task_name")
    fields = on_page("path", "attempt", "origin", "size", "sha256", file_differences, file_contents)


@admin.display(description="verdict", ordering="verdict")
def verdict(row: CheckResult) -> SafeString | str:
    return pill(row.verdict)


@admin.display(description="screenshot")
def screenshot(row: CheckResult) -> SafeString | str:
    """Return the screenshot, a JPEG that our own browser made."""
    if row.screenshot_removed_at:
        return removed(row.screenshot_removed_at, settings.KEEP_SCREENSHOTS_DAYS)
    return picture(row) if row.screenshot else NOTHING


@admin.register(CheckResult, site=console)
class CheckResultAdmin(ReadOnlyAdmin):
    heavy = ("screenshot", "console", "value", "predicates")
    list_display = in_list("text", "kind", verdict, "target", "attempt", "detail")
    list_filter = values("verdict", "kind", "target")
    list_select_related = ("attempt",)
    search_fields = ("text", "detail", "attempt__round__task_name")
    fields = on_page(
        "text", "kind", verdict, "target", "position", "attempt", "value", "detail", "predicates", "milliseconds",
        "console", screenshot, "screenshot_removed_at",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.screenshot_view)
        return [path("<int:pk>/screenshot.jpg", view, name="tasks_app_checkresult_screenshot"), *super().get_urls()]

    def screenshot_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Serve a screenshot to an operator who may see its row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        taken = CheckResult.objects.filter(pk=pk).values_list("screenshot", flat=True).first()
        if not taken:
            raise Http404
        return HttpResponse(bytes(taken), content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})
