"""Rows of the evaluator's side: a rehearsal, its submissions, the tasks sent to them, and how they were judged."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Rehearsal(models.Model):
    """One evaluation of one or more endpoints by the same templates."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="when everything was judged")
    templates = models.TextField(help_text="the YAML that its tasks are made from")
    tasks = models.PositiveSmallIntegerField(help_text="templates for each submission")
    rounds = models.PositiveSmallIntegerField(help_text="of each task")
    at_a_time = models.PositiveSmallIntegerField(help_text="tasks under way at one endpoint")
    deadline_seconds = models.PositiveIntegerField(help_text="from the 200 to the callback; a later callback is late")
    pace = models.FloatField(help_text="1: a refused request is sent again hours later, as published; 0: at once")
    evaluation_url = models.CharField(max_length=500)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """One endpoint that is judged, and whose it is."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="submissions")
    email = models.CharField(max_length=254)
    endpoint = models.CharField(max_length=2000)
    secret = models.TextField(help_text="encrypted by a key in DATA_DIR; shown nowhere")
    repository = models.CharField(max_length=2000, blank=True, help_text="of the service itself, as given")

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["rehearsal", "email"], name="submission_once"),)

    def __str__(self) -> str:
        return self.email


class IssuedTask(models.Model):
    """One round of one task for one submission: the request, the callback, and how far its judging is."""

    class Stage(models.TextChoices):
        """`queued -> sending -> accepted -> received -> judged`, with `gave_up` before `judged` if nothing came."""

        QUEUED = "queued"  # is sent at next_at
        SENDING = "sending"  # a POST is under way, or the evaluator died while it was
        ACCEPTED = "accepted"  # the endpoint answered 200; its callback is awaited
        RECEIVED = "received"  # the callback came; judging is due
        GAVE_UP = "gave_up"  # never accepted, or no callback came; judging is due
        JUDGED = "judged"

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="issued")
    template = models.CharField(max_length=100)
    task = models.CharField(max_length=200)
    round = models.PositiveSmallIntegerField()
    nonce = models.CharField(max_length=36, unique=True, help_text="a UUID of version 7")
    seed = models.CharField(max_length=64)
    request = models.JSONField(help_text="the body less the secret")
    criteria = models.JSONField(default=list, help_text="the template's checks, those that are not sent too")

    state = models.CharField(max_length=8, choices=Stage, default=Stage.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0, help_text="of the POST; counted before each")
    next_at = models.DateTimeField(help_text="when it is sent, or until when its callback is awaited")
    sent_at = models.DateTimeField(null=True, help_text="of the first try")
    accepted_at = models.DateTimeField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True, help_text="of the newest answer")
    error = models.TextField(blank=True, help_text="why the newest try failed, or no callback counts")

    callback = models.JSONField(null=True, help_text="the first callback that matches")
    callback_at = models.DateTimeField(null=True)
    late = models.BooleanField(default=False, help_text="the callback came after the deadline")
    judged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["submission", "task", "round"], name="issued_once"),
            models.CheckConstraint(
                condition=~Q(state="received") | Q(callback__isnull=False), name="issued_received_has_callback"
            ),
        )
        indexes = (models.Index(fields=["state", "next_at"], name="issued_due"),)

    def __str__(self) -> str:
        return f"{self.task} round {self.round}"


class NotifyCall(models.Model):
    """One POST to /rehearsal/notify, whatever it held."""

    at = models.DateTimeField()
    client = models.CharField(max_length=64, blank=True)
    body = models.TextField(blank=True, help_text="the first 10,000 characters")
    issued = models.ForeignKey(IssuedTask, null=True, on_delete=models.CASCADE, related_name="calls")
    status_code = models.PositiveSmallIntegerField(help_text="of our answer")
    reason = models.TextField(blank=True, help_text="why it was refused, or is not the one that counts")

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=["-at", "-id"], name="notify_call_newest"),)

    def __str__(self) -> str:
        return f"{self.status_code} at {self.at:%Y-%m-%d %H:%M:%S}"


class RehearsalResult(models.Model):
    """The result of one check of one issued task."""

    issued = models.ForeignKey(IssuedTask, on_delete=models.CASCADE, related_name="results")
    number = models.PositiveSmallIntegerField(help_text="its place in the table")
    kind = models.CharField(max_length=12)
    check_text = models.TextField()
    score = models.FloatField(null=True, help_text="from 0 to 1; null: not decided, and why stands in the reason")
    reason = models.TextField(blank=True)
    log = models.TextField(blank=True)
    screenshot = models.BinaryField(default=bytes, help_text="a JPEG; empty: none")

    class Meta:
        ordering = ("issued", "number")
        constraints = (models.UniqueConstraint(fields=["issued", "number"], name="rehearsal_result_once"),)

    def __str__(self) -> str:
        return self.check_text[:100]
