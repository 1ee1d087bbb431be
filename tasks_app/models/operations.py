"""Rows for operators beside the rounds: rejections, events, workers and breakers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from engine.domain.repository import PagesSource
from tasks_app.models.rounds import Round


class Rejection(models.Model):
    """A refused request that had the right secret, stored so that nothing is lost."""

    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField()
    client = models.CharField(max_length=64, blank=True)
    errors = models.JSONField(default=dict)
    payload = models.JSONField(null=True, help_text="as it came, less the secret")

    class Meta:
        ordering = ("-at",)
        indexes = (models.Index(fields=["-at"], name="rejection_newest"),)

    def __str__(self) -> str:
        return f"{self.status} at {self.at:%Y-%m-%d %H:%M:%S}"


class Event(models.Model):
    """An operator's act, or a decision of the service worth knowing."""

    at = models.DateTimeField()
    who = models.CharField(max_length=150, help_text="an operator's name, or the part of the service")
    what = models.CharField(max_length=40)
    round = models.ForeignKey(Round, null=True, on_delete=models.CASCADE, related_name="events")
    text = models.TextField(blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=["-at", "-id"], name="event_newest"),)

    def __str__(self) -> str:
        return self.what


class Alert(models.Model):
    """Something that a person is told of by ALERT_WEBHOOK_URL, stored before it is sent."""

    key = models.CharField(max_length=100, unique=True, help_text="what it is about, so that it is told once")
    cause = models.CharField(max_length=20, help_text="attention, breaker, takedown or disk")
    round = models.ForeignKey(Round, null=True, on_delete=models.CASCADE, related_name="alerts")
    run = models.PositiveIntegerField(default=0, help_text="of the round; 0: about no round")
    text = models.TextField()
    at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, help_text="when its message was put together")
    batch = models.UUIDField(null=True, help_text="of the message that tells it with others; null: none yet")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, help_text="when the message is sent again, unless it was delivered")
    sent_at = models.DateTimeField(null=True, help_text="when it was delivered")
    error = models.TextField(blank=True, help_text="of the last attempt")

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (
            models.Index(fields=["-at", "-id"], name="alert_newest"),
            models.Index(fields=["cause", "-begun_at"], name="alert_of_cause"),
            models.Index(fields=["next_at"], name="alert_due", condition=Q(sent_at=None)),
        )

    def __str__(self) -> str:
        return self.text


class WorkerBeat(models.Model):
    """A worker process, the time of its last beat and the round that it worked on."""

    worker = models.CharField(max_length=120, unique=True, help_text="supervisor:pid")
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    seen_at = models.DateTimeField()
    round = models.ForeignKey(Round, null=True, on_delete=models.SET_NULL, related_name="+")
    step = models.CharField(max_length=8, blank=True)
    workers = models.PositiveSmallIntegerField(
        null=True, help_text="of a dispatcher: how many worker processes it keeps"
    )
    stopping = models.BooleanField(default=False, help_text="of a dispatcher: its workers take no further step")

    class Meta:
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return self.worker


class Breaker(models.Model):
    """An outage of an outside service, or an operator's pause. While it is open, rounds that need it are not taken."""

    kind = models.CharField(max_length=20, help_text="model or forge; of a pause intake, publishing or model")
    code = models.CharField(max_length=60)
    reason = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text="closes by itself then; null: a person or a new start closes it")
    opened_by = models.CharField(max_length=150, blank=True, help_text="the operator who paused; blank: an outage")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-since",)
        constraints = (
            models.UniqueConstraint(
                fields=["kind"], condition=Q(closed_at=None, opened_by=""), name="breaker_one_open_per_kind"
            ),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(closed_at=None) & ~Q(opened_by=""), name="breaker_one_pause_per_kind"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


class Takedown(models.Model):
    """A published page that an operator took down. The row comes before the effect; a worker brings the effect about.

    It names the repository and no row of a round, so that it holds while rounds are removed.
    """

    owner = models.CharField(max_length=255)
    repository = models.CharField(max_length=255)
    repo_url = models.TextField()
    pages_url = models.TextField(blank=True)
    pages_source = models.CharField(max_length=8, default=PagesSource.BRANCH.value)
    round_id = models.UUIDField(help_text="of the round on whose page it was asked for")
    reach = models.CharField(
        max_length=8, help_text="pages: the repository stays public; private; archive: public and read-only"
    )
    reason = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=150)
    down_at = models.DateTimeField(null=True, help_text="when the forge had done it")
    undo_at = models.DateTimeField(null=True, help_text="when an operator asked to put the page back")
    undo_by = models.CharField(max_length=150, blank=True)
    back_at = models.DateTimeField(null=True, help_text="when the forge had put it back")
    next_at = models.DateTimeField(null=True, help_text="when a worker tries next; null: nothing is left to do")
    error = models.TextField(blank=True, help_text="of the last try")

    class Meta:
        ordering = ("-asked_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["owner", "repository"], condition=Q(back_at=None), name="takedown_one_per_repository"
            ),
        )
        indexes = (models.Index(fields=["next_at"], name="takedown_due", condition=Q(next_at__isnull=False)),)

    def __str__(self) -> str:
        return f"{self.owner}/{self.repository}"


class ForgeQuota(models.Model):
    """GitHub's limits as its last answer named them. All processes that share the token obey this one row."""

    limit = models.PositiveIntegerField(null=True, help_text="calls an hour")
    remaining = models.PositiveIntegerField(null=True)
    reset_at = models.DateTimeField(null=True, help_text="when the hour begins anew")
    seen_at = models.DateTimeField(null=True)
    blocked_until = models.DateTimeField(null=True, help_text="nothing is asked before")
    blocked_reason = models.TextField(blank=True)
    strikes = models.PositiveSmallIntegerField(default=0, help_text="refusals in a row that named no time")
    struck_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "forge's limits"
        verbose_name_plural = "forge's limits"
        constraints = (models.CheckConstraint(name="forge_quota_one_row", condition=Q(pk=1)),)

    def __str__(self) -> str:
        if self.limit is None:
            return "nothing seen yet"
        return f"{self.remaining} of {self.limit} calls left"


class ForgeWrite(models.Model):
    """A REST write to the forge: a reserved slot, or a used one."""

    key = models.CharField(max_length=300, help_text="what is written, to which repository")
    due_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, help_text="when it went; null: still kept")

    class Meta:
        ordering = ("-due_at",)
        constraints = (
            models.UniqueConstraint(fields=["key"], condition=Q(used_at=None), name="forge_write_one_slot_per_key"),
        )
        indexes = (models.Index(fields=["-used_at"], name="forge_write_newest"),)

    def __str__(self) -> str:
        return self.key


class ModelProfile(models.Model):
    """The parameters that a server accepts for a model, learnt from refusals, so that each refusal happens once."""

    server = models.CharField(max_length=300, help_text="the base URL, without credentials")
    model = models.CharField(max_length=200)
    length_parameter = models.CharField(max_length=40, blank=True, help_text="bounds the answer; blank: none is taken")
    longest_answer = models.PositiveIntegerField(null=True, help_text="in tokens, where the server named it")
    dropped = models.JSONField(default=list, help_text="parameters that it refused")
    images = models.BooleanField(null=True, help_text="whether it takes pictures; null: not known")
    learned_at = models.DateTimeField(help_text="forgotten 30 days later: servers learn too")

    class Meta:
        ordering = ("server", "model")
        constraints = (models.UniqueConstraint(fields=["server", "model"], name="model_profile_once"),)

    def __str__(self) -> str:
        return f"{self.model} on {self.server}"
