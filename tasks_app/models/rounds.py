"""What was asked for and where it stands: tasks, rounds and their attachments."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from engine.domain.brief import Source
from engine.domain.lifecycle import ENDED, State, Step
from engine.domain.repository import PagesSource, Repository


def _choices(enum: type[State] | type[Step]) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in enum]


class Task(models.Model):
    """The rounds of one (email, task) and the repository that they share. Made by the worker, not at intake."""

    key = models.CharField(primary_key=True, max_length=64, help_text="SHA-256 of email and task")
    email = models.TextField()
    name = models.TextField()
    created_at = models.DateTimeField()
    owner = models.CharField(max_length=255, blank=True, help_text="of the newest published repository")
    repository = models.CharField(max_length=255, blank=True)
    repo_url = models.TextField(blank=True)
    pages_url = models.TextField(blank=True)
    pages_source = models.CharField(max_length=8, default=PagesSource.BRANCH.value)
    attachment_names = models.JSONField(
        default=list, help_text="of its published rounds that were removed: later ones keep those files"
    )
    regression_checks = models.JSONField(
        default=list, help_text="of its published rounds that were removed: later ones run them again"
    )

    class Meta:
        indexes = (models.Index(fields=["-created_at"], name="task_newest"),)

    def __str__(self) -> str:
        return self.name


class Round(models.Model):
    """One accepted POST. The columns from `state` to `waiting_on` are moved by `tasks_app.rounds` alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=64, unique=True, help_text="SHA-256 of email, task, round and nonce")
    task_key = models.CharField(max_length=64, help_text="SHA-256 of email and task")
    task = models.ForeignKey(Task, null=True, on_delete=models.PROTECT, related_name="rounds")
    email = models.TextField()
    task_name = models.TextField("task")
    number = models.PositiveSmallIntegerField("round")
    nonce = models.TextField()
    brief = models.TextField()
    checks = models.JSONField(default=list)
    evaluation_url = models.TextField()
    request = models.JSONField(help_text="as it came, less the secret")
    request_id = models.CharField(max_length=100, blank=True, help_text="of the HTTP request, as the log has it")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical request less the secret")
    warnings = models.JSONField(default=list)

    state = models.CharField(max_length=9, choices=_choices(State), default=State.QUEUED.value)
    step = models.CharField(max_length=8, choices=_choices(Step), default=Step.GENERATE.value)
    run = models.PositiveIntegerField(default=1, help_text="counts retries, revivals and regenerations")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(help_text="of the present run: the POST, or the retry")
    deadline_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, help_text="when it is due; null once it has ended")
    share_ends_at = models.DateTimeField(
        help_text="of its step; while the step's breaker is open it is not taken before"
    )
    lease_token = models.UUIDField(null=True)
    lease_owner = models.CharField(max_length=120, blank=True, help_text="supervisor:pid")
    lease_until = models.DateTimeField(null=True)
    crashes = models.PositiveSmallIntegerField(default=0, help_text="claims in a row that ended without a release")
    failures = models.PositiveSmallIntegerField(default=0, help_text="passing failures of this step in a row")
    waiting_on = models.TextField(blank=True, help_text="what it waits for, in a sentence")
    worker_seconds = models.FloatField(null=True, help_text="that workers spent on it; null: none yet")
    reduced_until = models.DateTimeField(
        null=True, help_text="so long the backlog leaves for its page, without repairs; null: its whole share"
    )

    decision = models.CharField(
        max_length=8,
        blank=True,
        help_text=(
            "what generate is to do: repair, resample, fallback; blank: write the page. "
            "At verify: publish, where no further try is to be made"
        ),
    )
    decision_attempt = models.ForeignKey(
        "Attempt",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the best so far, which the decision is about",
    )
    decision_reason = models.TextField(blank=True)
    chosen_attempt = models.ForeignKey("Attempt", null=True, on_delete=models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(null=True, help_text="also the commit's date")
    owner = models.CharField(max_length=255, blank=True)
    repository = models.CharField(max_length=255, blank=True)
    repo_url = models.TextField(blank=True)
    pages_url = models.TextField(blank=True)
    pages_source = models.CharField(
        max_length=8, default=PagesSource.BRANCH.value, help_text="what publishes Pages: branch or workflow"
    )
    base_sha = models.CharField(max_length=64, blank=True, help_text="the head that the tree was written for")
    commit_sha = models.CharField(max_length=64, blank=True)

    watch_until = models.DateTimeField(
        null=True, help_text="so long a page is looked for that was told before it was live"
    )
    watch_at = models.DateTimeField(null=True, help_text="when it is looked for next, or its look has failed")
    watch_token = models.UUIDField(null=True, help_text="of the look under way")

    simulated = models.BooleanField(default=False)
    degraded = models.BooleanField(default=False)
    live = models.BooleanField(default=False)
    live_at = models.DateTimeField(null=True, help_text="when the page was seen to serve the commit")
    late = models.BooleanField(default=False)
    needs_attention = models.BooleanField(default=False)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    class Meta:
        ordering = ("-created_at",)
        permissions = (("operate_round", "Can retry, regenerate, notify again and cancel rounds, and close breakers"),)
        constraints = (
            models.CheckConstraint(name="round_state_known", condition=Q(state__in=[s.value for s in State])),
            models.CheckConstraint(name="round_step_known", condition=Q(step__in=[s.value for s in Step])),
            models.CheckConstraint(name="round_number_1_to_1000", condition=Q(number__gte=1, number__lte=1000)),
            models.CheckConstraint(
                name="round_ended_is_not_due",
                condition=Q(state__in=sorted(s.value for s in ENDED), next_at=None, finished_at__isnull=False)
                | (~Q(state__in=sorted(s.value for s in ENDED)) & Q(next_at__isnull=False, finished_at=None)),
            ),
            models.CheckConstraint(
                name="round_lease_is_whole",
                condition=Q(lease_token=None, lease_until=None)
                | Q(lease_token__isnull=False, lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="round_decision_is_whole",
                condition=Q(decision="", decision_attempt=None)
                | Q(
                    decision__in=["repair", "resample", "fallback"],
                    decision_attempt__isnull=False,
                    step=Step.GENERATE.value,
                )
                | Q(decision="publish", decision_attempt__isnull=False, step=Step.VERIFY.value),
            ),
            models.CheckConstraint(
                name="round_watch_is_whole",
                condition=Q(watch_until=None, watch_at=None, watch_token=None)
                | Q(watch_until__isnull=False, watch_at__isnull=False),
            ),
            models.CheckConstraint(
                name="round_completed_has_commit", condition=~Q(state=State.COMPLETED.value) | ~Q(commit_sha="")
            ),
        )
        indexes = (
            models.Index(fields=["next_at"], name="round_due", condition=Q(next_at__isnull=False)),
            models.Index(fields=["watch_at"], name="round_watched", condition=Q(watch_at__isnull=False)),
            models.Index(fields=["task_key", "number"], name="round_of_task"),
            models.Index(fields=["-created_at"], name="round_newest"),
            models.Index(fields=["finished_at"], name="round_ended", condition=Q(finished_at__isnull=False)),
            # The filters and order of the console's list; without these indexes each visit reads the whole table.
            models.Index(fields=["state", "-created_at"], name="round_in_state"),
            # `started_at` is for alerts: without it they would read each row again and again.
            models.Index(
                fields=["-created_at", "started_at"], name="round_attention", condition=Q(needs_attention=True)
            ),
            models.Index(fields=["-created_at"], name="round_degraded", condition=Q(degraded=True)),
            models.Index(fields=["-created_at"], name="round_late", condition=Q(late=True)),
            models.Index(fields=["-created_at"], name="round_simulated", condition=Q(simulated=True)),
            models.Index(fields=["-created_at"], name="round_not_live", condition=Q(live=False)),
        )

    def __str__(self) -> str:
        return f"{self.task_name} round {self.number}"

    def publishes_to(self) -> Repository | None:
        """Return the repository that the round builds on and publishes to; None if publish makes a new one.

        It is the round's own once the page was written for it; until then a later round's is the task's newest.
        """
        is_written = self.step != Step.GENERATE or self.decision
        if self.repository and (self.number == 1 or self.published_at or is_written):
            return repository_of(self)
        newest = Task.objects.filter(pk=self.task_key).exclude(repository="").first() if self.number > 1 else None
        return repository_of(newest) if newest else None

    def published_before(self) -> models.QuerySet[Round]:
        """Return the task's published rounds with a lower number."""
        return Round.objects.filter(
            task_key=self.task_key, number__lt=self.number, published_at__isnull=False, chosen_attempt__isnull=False
        )


def repository_of(row: Round | Task) -> Repository:
    """Return the repository that a row names."""
    return Repository(row.owner, row.repository, row.repo_url, row.pages_url, PagesSource(row.pages_source))


#: The prefix of the name of a file that the service could not fetch or make.
MISSING = "missing: "


class Attachment(models.Model):
    """A file of a round. `content` is null until an http(s) attachment is fetched, and stays null if it cannot be."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="attachments")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=255, blank=True)
    url = models.TextField(blank=True, help_text="where it is to be fetched from; blank for a data URI")
    sha256 = models.CharField(max_length=64, blank=True)
    content = models.BinaryField(null=True)
    source = models.CharField(
        max_length=8,
        default=Source.REQUEST.value,
        help_text="request; address: fetched from one that the brief names; workbook: made out of an attached one",
    )
    note = models.TextField(
        blank=True, help_text="what the model is told of it; of a file without content, why it has none"
    )

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=["round", "name"], name="attachment_name_once"),
            models.CheckConstraint(
                name="attachment_source_known", condition=Q(source__in=[source.value for source in Source])
            ),
        )

    def __str__(self) -> str:
        return self.name
