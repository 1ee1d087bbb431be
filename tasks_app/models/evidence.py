"""Rows of what happened in a round: append-only, written before an outside effect and completed after it."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import Q

from engine.domain.checks import Kind, Target, Verdict
from engine.domain.lifecycle import Step
from engine.domain.repository import Origin
from tasks_app.models.rounds import Round


class StepRun(models.Model):
    """One step of one run, from its first claim to its end, waits included."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="step_runs")
    run = models.PositiveIntegerField()
    step = models.CharField(max_length=8)
    claims = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=10, blank=True, help_text="done, again, failed, cancelled; blank while it goes on"
    )
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ("started_at", "pk")
        constraints = (
            models.CheckConstraint(name="step_run_step_known", condition=Q(step__in=[s.value for s in Step])),
            models.UniqueConstraint(fields=["round"], condition=Q(ended_at=None), name="step_run_one_open"),
        )

    def __str__(self) -> str:
        return self.step


class Attempt(models.Model):
    """A model call, or (kind `fallback`) the service's own page in place of one."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="attempts")
    run = models.PositiveIntegerField()
    kind = models.CharField(
        max_length=20,
        help_text="plan, plan_reminder, generate, continue, format, rephrase, repair, resample, judge, fallback",
    )
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    provider = models.CharField(max_length=40, blank=True)
    simulated = models.BooleanField(default=False)
    prompt_name = models.CharField(max_length=40, blank=True)
    prompt_version = models.CharField(max_length=20, blank=True)
    prompt_digest = models.CharField(max_length=64, blank=True)
    messages = models.JSONField(default=list)
    parameters = models.JSONField(default=dict)
    model_asked = models.CharField(max_length=200, blank=True)
    model_answered = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    seconds = models.FloatField(
        null=True, help_text="null while it goes on, and where its process did not live to see its end"
    )
    reply = models.TextField(blank=True)
    reasoning = models.TextField(blank=True, help_text="the thoughts that came beside the reply")
    finish_reason = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=40, blank=True, help_text="what the parser called the reply")
    input_tokens = models.PositiveIntegerField(null=True)
    cached_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    reasoning_tokens = models.PositiveIntegerField(null=True)
    cost = models.DecimalField(null=True, max_digits=12, decimal_places=6, help_text="US dollars; null is unknown")
    cost_source = models.CharField(max_length=40, blank=True)
    counted_tokens = models.PositiveIntegerField(
        default=0, help_text="what counts against the bounds: an estimate until the server has said"
    )
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    emptied_at = models.DateTimeField(
        null=True, help_text="when its prompt and reply were removed, and its files where it was not chosen"
    )

    class Meta:
        ordering = ("pk",)
        indexes = (
            models.Index(fields=["started_at"], name="attempt_of_day"),
            models.Index(fields=["started_at"], name="attempt_whole", condition=Q(emptied_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.kind} by {self.model_asked or 'the service'}"


class PlanSource(StrEnum):
    MODEL = "model"  # a model call of this run
    OPERATOR = "operator"  # an operator wrote it and began this run with it
    CARRIED = "carried"  # the plan of the run before


class Plan(models.Model):
    """A run's plan, or the reason why it has none."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="plans")
    run = models.PositiveIntegerField()
    plan = models.JSONField(null=True, help_text="the dump of engine.plan.schema.RequestPlan; null: there is none")
    refused = models.JSONField(default=list, help_text="what validation took out of it: item and reason of each")
    attempt = models.ForeignKey(
        Attempt, null=True, on_delete=models.SET_NULL, related_name="+", help_text="the model call that made it"
    )
    source = models.CharField(
        max_length=8,
        help_text="model; operator: written by the one who began the run; carried: the plan of the run before",
    )
    edited_by = models.CharField(max_length=150, blank=True, help_text="the operator who wrote it")
    why_none = models.TextField(blank=True, help_text="why there is no plan")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("run",)
        constraints = (
            models.UniqueConstraint(fields=["round", "run"], name="plan_once_per_run"),
            models.CheckConstraint(name="plan_source_known", condition=Q(source__in=[s.value for s in PlanSource])),
            models.CheckConstraint(
                name="plan_is_whole",
                condition=Q(plan__isnull=False, why_none="") | Q(plan__isnull=True, why_none__gt=""),
            ),
        )

    def __str__(self) -> str:
        return f"plan of run {self.run}"


class SourceFile(models.Model):
    """A file of an attempt's tree. Each attempt stores its whole tree."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=255)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    origin = models.CharField(max_length=10)

    class Meta:
        ordering = ("path",)
        constraints = (
            models.UniqueConstraint(fields=["attempt", "path"], name="source_file_path_once"),
            models.CheckConstraint(name="source_file_origin_known", condition=Q(origin__in=[o.value for o in Origin])),
        )

    def __str__(self) -> str:
        return self.path


class CheckResult(models.Model):
    """The result of one check for one attempt on one target."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="check_results")
    target = models.CharField(max_length=5)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10)
    text = models.TextField()
    verdict = models.CharField(max_length=12)
    value = models.JSONField(null=True)
    detail = models.TextField(blank=True)
    predicates = models.JSONField(
        default=list, help_text="of a sentence: what each of its predicates says, its verdict and what was seen"
    )
    milliseconds = models.PositiveIntegerField(null=True)
    console = models.JSONField(default=list)
    screenshot = models.BinaryField(null=True)
    screenshot_removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("target", "position")
        indexes = (models.Index(fields=["attempt"], name="screenshot_kept", condition=Q(screenshot__isnull=False)),)
        constraints = (
            models.UniqueConstraint(fields=["attempt", "target", "position"], name="check_result_once"),
            models.CheckConstraint(name="check_result_kind_known", condition=Q(kind__in=[k.value for k in Kind])),
            models.CheckConstraint(
                name="check_result_verdict_known", condition=Q(verdict__in=[v.value for v in Verdict])
            ),
            models.CheckConstraint(name="check_result_target_known", condition=Q(target__in=[t.value for t in Target])),
        )

    def __str__(self) -> str:
        return f"{self.verdict}: {self.text}"


class Commit(models.Model):
    """A commit, stored before it is pushed, so that a replay makes the same one."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="commits")
    run = models.PositiveIntegerField()
    attempt = models.ForeignKey(
        Attempt, null=True, on_delete=models.SET_NULL, related_name="+", help_text="whose tree it holds"
    )
    token = models.CharField(
        max_length=32, null=True, unique=True, help_text="of its evidence page's address; null until it was pushed"
    )
    sha = models.CharField(max_length=64)
    parent = models.CharField(max_length=64, blank=True)
    files = models.JSONField(default=list)
    url = models.TextField(blank=True)
    planned_at = models.DateTimeField()
    pushed_at = models.DateTimeField(null=True)
    abandoned_at = models.DateTimeField(null=True, help_text="the head had moved before it got there")
    replaced_at = models.DateTimeField(
        null=True, help_text="when a repaired commit took its place, because its workflow had failed"
    )
    rebuilds = models.PositiveSmallIntegerField(default=0, help_text="how many more builds were asked for")
    rebuild_asked_at = models.DateTimeField(null=True, help_text="when the newest of them was asked for")
    rebuild_after = models.CharField(max_length=40, blank=True, help_text="the id of the build that had failed by then")

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["round", "sha"], name="commit_once"),
            models.UniqueConstraint(
                fields=["round", "run"],
                condition=Q(pushed_at__isnull=False, replaced_at=None),
                name="commit_one_pushed_per_run",
            ),
        )

    def __str__(self) -> str:
        return self.sha


class PagesStatus(models.Model):
    """One poll of Pages: its build, and the page that it serves."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="pages_statuses")
    run = models.PositiveIntegerField()
    at = models.DateTimeField()
    build_status = models.CharField(max_length=40)
    built_commit = models.CharField(max_length=64, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    live = models.BooleanField()
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        verbose_name_plural = "pages statuses"

    def __str__(self) -> str:
        return "live" if self.live else self.reason


class NotificationAttempt(models.Model):
    """One POST to the evaluator, begun before it was sent."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="notifications")
    run = models.PositiveIntegerField()
    number = models.PositiveIntegerField(help_text="counts within the run")
    url = models.TextField()
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    seconds = models.FloatField(
        null=True, help_text="null while it goes on, and where its process did not live to see its end"
    )
    status_code = models.PositiveSmallIntegerField(null=True)
    answer_headers = models.JSONField(default=dict)
    answer = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["round", "run", "number"], name="notification_number_once"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.status_code or self.error or 'under way'}"
