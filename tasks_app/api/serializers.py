"""The shapes of the API's requests and answers, for its description only: the views parse requests themselves."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from engine.domain.addresses import LONGEST_URL
from engine.domain.checks import Kind, Verdict
from engine.domain.lifecycle import State, Step
from engine.inputs.task_request import MOST_ATTACHMENTS
from engine.plan.schema import FileSource, RequestPlan

#: Text that is not blank and that any database can store: the evaluator gets it back unchanged.
_STORABLE = r"^(?=[^\u0000]*[^\s\u0000])[^\u0000]*$"

#: An address that is called back.
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = rf"(?![^/?#:]{{254}}){_LABEL}(\.{_LABEL})*\.?"
_PORT = "0{0,3}([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_NO_SPACE = r"[^\u0000-\u0020\u007f-\u00a0\u2000-\u200f\u2028-\u202f\u3000\ufeff\\]"
_ADDRESS = rf"^\s*[hH][tT][tT][pP][sS]?://{_HOST}(:({_PORT})?)?([/?#]{_NO_SPACE}*)?\s*$"

#: The kinds of predicates.
KINDS = sorted(
    part["properties"]["kind"]["const"]
    for part in RequestPlan.model_json_schema()["$defs"].values()
    if "kind" in part.get("properties", {})
)

_TEXT = {"type": "string"}
_ANYTHING = {"title": "anything else", "description": "accepted, kept, and named in the answer's `warnings`"}


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": 1000},
            {"type": "string", "pattern": r"^\s*0{0,8}(1000|[1-9][0-9]{0,2})(\.0+)?\s*$"},
        ]
    }
)
class _RoundNumber(serializers.JSONField):
    """A whole number, or one as text."""


@extend_schema_field(
    {
        "anyOf": [
            {
                "title": "checks",
                "type": "array",
                "items": {"anyOf": [_TEXT, {"type": "object", "properties": {"js": _TEXT}, "required": ["js"]}]},
            },
            _ANYTHING,
        ]
    }
)
class _Checks(serializers.JSONField):
    """Sentences and expressions."""


@extend_schema_field(
    {
        "anyOf": [
            {
                "title": "attachments",
                "type": "array",
                "maxItems": MOST_ATTACHMENTS,
                "items": {"type": "object", "properties": {n: {"type": ["string", "null"]} for n in ("name", "url")}},
            },
            _ANYTHING,
        ]
    }
)
class _Attachments(serializers.JSONField):
    """Files."""


class TaskSerializer(serializers.Serializer[None]):
    """A task as an evaluator posts it. Unknown fields are kept and named in the answer's `warnings`."""

    email = serializers.RegexField(_STORABLE, help_text="Told back as it came.")
    secret = serializers.CharField(help_text="This service's `SECRET`. Never stored.")
    task = serializers.RegexField(_STORABLE, help_text="With `email` it names the repository.")
    round = _RoundNumber(help_text="1 makes the repository, later rounds change it.")
    nonce = serializers.RegexField(_STORABLE, help_text="Another nonce makes it another round.")
    brief = serializers.RegexField(r"\S", help_text="What the app must do.")
    checks = _Checks(
        required=False,
        help_text='What the page is judged by: sentences, and expressions as `js: …`, `{"js": "…"}` or bare.',
    )
    evaluation_url = serializers.RegexField(
        _ADDRESS,
        max_length=LONGEST_URL,
        help_text=(
            "Gets the callback. Loopback and private addresses only where `ALLOW_PRIVATE_URLS` is on. A host may also "
            "be an IPv6 address in brackets, or a name in other letters that IDNA can write in ASCII."
        ),
    )
    attachments = _Attachments(
        required=False, help_text="Files to work with: `url` is a `data:` URI (base64 or not) or an http(s) address."
    )


class AcceptedSerializer(serializers.Serializer[None]):
    """The task is on disk."""

    status = serializers.ChoiceField(["accepted"])
    id = serializers.UUIDField()
    status_url = serializers.URLField(help_text="Tells how far the round is.")
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What was odd and taken all the same.")
    replayed = serializers.BooleanField(
        required=False, help_text="There and true: the same request was accepted before."
    )
    revived = serializers.BooleanField(
        required=False, help_text="There and true: that round had failed and runs again."
    )


class ErrorSerializer(serializers.Serializer[None]):
    """Why a round failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class StepSerializer(serializers.Serializer[None]):
    """One run of one step."""

    name = serializers.ChoiceField(list(Step))
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(help_text="`done`, `again`, `failed` or `cancelled`; until then the round's state.")
    detail = serializers.CharField(
        help_text="What it came to; while it runs, what it waits for or how much of an answer the model has written."
    )


class CheckSerializer(serializers.Serializer[None]):
    """What one check gave."""

    text = serializers.CharField()
    kind = serializers.ChoiceField(list(Kind))
    verdict = serializers.ChoiceField(list(Verdict), help_text="Only `pass` is a pass.")
    detail = serializers.CharField()


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"kind": {"type": "string", "enum": KINDS}},
            "required": ["kind"],
            "additionalProperties": True,
        },
    }
)
class _Predicates(serializers.JSONField):
    """Statements that code decides; all must hold. `kind` says which other fields there are."""


@extend_schema_field({"type": "string", "enum": list(FileSource)})
class _FileSource(serializers.CharField):
    """Where a file comes from."""


class PlannedFileSerializer(serializers.Serializer[None]):
    """A file that the repository must hold."""

    path = serializers.CharField()
    source = _FileSource()  # type: ignore[assignment]  # REST framework takes fields off the class
    what = serializers.CharField(help_text="What it is, in a phrase for whoever writes it.")
    origin = serializers.CharField(help_text="The attachment or workbook that it comes from, if any.")
    sheet = serializers.CharField(help_text="The sheet of that workbook, if any.")
    predicates = _Predicates()


class DataAddressSerializer(serializers.Serializer[None]):
    """An address whose data the page needs."""

    url = serializers.CharField()
    name = serializers.CharField(help_text="Under which it is published, if at all.")
    at_run_time = serializers.BooleanField(help_text="The page asks the address itself too.")


class CheckReadingSerializer(serializers.Serializer[None]):
    """What decides one check of the request that is a sentence."""

    number = serializers.IntegerField(min_value=1, help_text="Of the check in the request, from 1.")
    predicates = _Predicates()
    why_not = serializers.CharField(help_text="Why nothing decides it, where there are no predicates.")


class PlannedTestSerializer(serializers.Serializer[None]):
    """What the brief asks for and no check of the request covers. It never counts as a check of the request."""

    says = serializers.CharField()
    predicates = _Predicates()


@extend_schema_field({"type": "string", "enum": ["branch", "workflow"]})
class _Publishing(serializers.CharField):
    """By what the pages are published."""


class PlanSerializer(serializers.Serializer[None]):
    """How the request was read."""

    files = PlannedFileSerializer(many=True)
    absent = serializers.ListField(child=serializers.CharField(), help_text="Paths that must not be committed.")
    data = DataAddressSerializer(many=True)  # type: ignore[assignment]  # REST framework takes fields off the class
    pages = _Publishing()
    checks = CheckReadingSerializer(many=True)
    tests = PlannedTestSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField(), help_text="What was ambiguous, and how it was taken.")


class NotificationSerializer(serializers.Serializer[None]):
    """One POST to the `evaluation_url`."""

    attempt = serializers.IntegerField(min_value=1, help_text="Counts within one run of the round.")
    at = serializers.DateTimeField()
    status_code = serializers.IntegerField(allow_null=True, help_text="Null: under way, or never answered.")
    error = serializers.CharField(allow_null=True)


class RoundSerializer(serializers.Serializer[None]):
    """Where a round stands."""

    id = serializers.UUIDField()
    task = serializers.CharField()
    round = serializers.IntegerField(min_value=1, max_value=1000)
    state = serializers.ChoiceField(list(State))
    step = serializers.ChoiceField(list(Step))
    created_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(help_text="The evaluator must have been told by then.")
    finished_at = serializers.DateTimeField(allow_null=True)
    repo_url = serializers.URLField(allow_null=True)
    commit_sha = serializers.RegexField("^[0-9a-f]{40}$", allow_null=True)
    pages_url = serializers.URLField(allow_null=True)
    live = serializers.BooleanField(
        help_text="What `pages_url` serves was proven to be this commit, and its workflows succeeded."
    )
    degraded = serializers.BooleanField(
        help_text="No acceptable page came about, so a fallback page is published; or what is published is not whole; "
        "or a workflow did not succeed."
    )
    late = serializers.BooleanField(help_text="The evaluator was told after the deadline.")
    simulated = serializers.BooleanField(help_text="No real language model wrote it.")
    needs_attention = serializers.BooleanField(help_text="It waits for an operator.")
    error = ErrorSerializer(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
    steps = StepSerializer(many=True)
    checks = CheckSerializer(many=True, help_text="Of the published attempt; the live run where there was one.")
    taken_down = serializers.CharField(
        allow_null=True, help_text="That an operator took the page down, when and how, in a sentence; else null."
    )
    plan = PlanSerializer(
        allow_null=True, help_text="How the present run reads the request; null where it has no plan, or none yet."
    )
    notifications = NotificationSerializer(many=True)


class HealthSerializer(serializers.Serializer[None]):
    """This process answers."""

    status = serializers.ChoiceField(["ok"])


class PartSerializer(serializers.Serializer[None]):
    """One part of the service."""

    name = serializers.CharField()
    status = serializers.ChoiceField(["ok", "warning", "down"])
    detail = serializers.CharField()


class ReadinessSerializer(serializers.Serializer[None]):
    """Each part by name."""

    status = serializers.ChoiceField(["ready", "not ready"])
    parts = PartSerializer(many=True)


class ProblemSerializer(serializers.Serializer[None]):
    """A refusal. https://www.rfc-editor.org/rfc/rfc9457"""

    type = serializers.ChoiceField(["about:blank"])
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()


class UnusableSerializer(ProblemSerializer):
    """A refusal that names every bad field, where the body could be read."""

    errors = serializers.DictField(  # type: ignore[assignment]  # as above
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


class ConflictSerializer(ProblemSerializer):
    """A refusal that names the round that is there already."""

    id = serializers.UUIDField()


class NotReadySerializer(ProblemSerializer):
    """A refusal that says what is missing."""

    missing = serializers.ListField(child=serializers.CharField())
