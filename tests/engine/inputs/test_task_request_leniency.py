from __future__ import annotations

import json

import pytest

from engine.inputs.task_request import MOST_ATTACHMENTS, read
from tests.requests import PAYLOAD, SECRET, shown, stored, taken

# --- What is accepted with a warning ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("checks", "kept", "warns"),
    [
        (None, [], False),
        ([], [], False),
        (["one", "js: true", {"js": "true"}], ["one", "js: true", {"js": "true"}], False),
        ("one", ["one"], True),
        ({"js": "true"}, [{"js": "true"}], True),
        ([1, None, {"js": 1}, {"js": "a", "b": 2}, ["x"]], [1, None, {"js": 1}, {"js": "a", "b": 2}, ["x"]], True),
    ],
    ids=shown,
)
def test_checks_are_kept_as_they_came(checks: object, kept: list[object], warns: bool) -> None:
    usable = taken(checks=checks)
    assert usable.checks == kept
    assert bool(usable.warnings) is warns


def test_every_odd_check_has_its_warning() -> None:
    assert len(taken(checks=["good", 1, {"js": 2}]).warnings) == 2


def test_a_flood_of_oddities_ends_in_few_warnings() -> None:
    assert len(taken(checks=[0] * 5000, **{f"unknown-{n}": 1 for n in range(500)}).warnings) < 200


@pytest.mark.parametrize("value", ["missing", None, [], [{"name": None, "url": None}], [{}]], ids=shown)
def test_no_attachments_are_none(value: object) -> None:
    payload = {k: v for k, v in PAYLOAD.items() if k != "attachments"}
    payload |= {} if value == "missing" else {"attachments": value}
    usable = read(payload, secrets=[SECRET], allow_private=False)
    assert usable.attachments == []
    assert usable.warnings == []


@pytest.mark.parametrize(
    "item",
    [
        "data:,x",
        7,
        {"name": "a.csv"},
        {"name": "a.csv", "url": 7},
        {"name": "a", "url": "data:text/csv;base64,%%%"},
        {"name": "a", "url": "data:nothing"},
        {"name": "a", "url": "ftp://x.example/a"},
        {"name": "a", "url": ""},
    ],
    ids=shown,
)
def test_an_attachment_that_cannot_be_used_is_a_warning(item: object) -> None:
    usable = taken(attachments=[item, {"name": "good.txt", "url": "data:,good"}])
    assert [file.name for file in usable.attachments] == ["good.txt"]
    assert len(usable.warnings) == 1


@pytest.mark.parametrize("value", ["data:,x", {"name": "a", "url": "data:,x"}, 7], ids=shown)
def test_attachments_that_are_no_list_are_a_warning(value: object) -> None:
    assert len(taken(attachments=value).warnings) == 1


def test_attachments_are_the_bytes_of_their_address_or_the_address() -> None:
    content = bytes(range(256))
    encoded = "AAECAwQ="
    usable = taken(
        attachments=[
            {"name": "b.bin", "url": f"data:application/x;base64,{encoded}"},
            {"name": "t.txt", "url": "data:,a%20b"},
            {"name": "far.csv", "url": "https://data.example/far.csv"},
        ]
    )
    assert [(f.name, f.content, f.url) for f in usable.attachments] == [
        ("b.bin", content[:5], ""),
        ("t.txt", b"a b", ""),
        ("far.csv", None, "https://data.example/far.csv"),
    ]
    assert usable.warnings == []


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/abs.csv", "C:\\x\\y.csv", "a\x00b.csv", "LICENSE", None, "", "a\ud800", "x" * 500],
    ids=shown,
)
def test_an_unsafe_name_loses_its_unsafe_part_and_says_so(name: object) -> None:
    usable = taken(attachments=[{"name": name, "url": "data:,x"}])
    (file,) = usable.attachments
    assert file.content == b"x"
    assert not file.name.startswith(("/", "."))
    assert ".." not in file.name
    assert file.name != "LICENSE"
    assert usable.warnings
    stored(usable)


def test_equal_names_are_kept_apart() -> None:
    usable = taken(attachments=[{"name": n, "url": f"data:,{n}"} for n in ("a.csv", "a.csv", "A.CSV")])
    assert len({file.name.casefold() for file in usable.attachments}) == 3


def test_a_huge_address_is_kept_once_as_bytes() -> None:
    usable = taken(attachments=[{"name": "a.txt", "url": "data:," + "x" * 100_000}])
    assert usable.attachments[0].content == b"x" * 100_000
    assert len(json.dumps(usable.request)) < 2_000


def test_attachments_without_number_are_cut_with_a_warning() -> None:
    usable = taken(attachments=[{"name": "a", "url": "data:,x"}] * 200_000)
    assert len(usable.attachments) == MOST_ATTACHMENTS
    assert any(str(MOST_ATTACHMENTS) in warning for warning in usable.warnings)


def test_unknown_fields_are_kept_and_named() -> None:
    usable = taken(course="tds", nonsense=[1])
    assert usable.request["course"] == "tds"
    assert [w for w in usable.warnings if "course" in w]
    assert [w for w in usable.warnings if "nonsense" in w]


@pytest.mark.parametrize(
    "over",
    [
        {"brief": f"say {SECRET} twice: {SECRET}"},
        {"checks": [f"js: '{SECRET}'", {"js": SECRET}, {SECRET: SECRET}]},
        {
            "attachments": [
                {"name": f"{SECRET}.csv", "url": "data:,x"},
                {"name": "b", "url": f"data:,{SECRET}", SECRET: 1},
            ]
        },
        {SECRET: "an unknown field", f"more {SECRET}": {"deep": [SECRET, {SECRET: "x\x00"}]}},
        {"x" * 70 + SECRET: f"{SECRET}"},
    ],
    ids=shown,
)
def test_the_secret_is_taken_out_wherever_it_stands(over: dict[str, object]) -> None:
    usable = taken(**over)
    assert SECRET not in stored(usable)
    assert any("secret" in warning for warning in usable.warnings)


@pytest.mark.parametrize(
    "over",
    [
        {"brief": "a\x00b\ud800"},
        {"checks": ["\x00"]},
        {"\ud800\x00": "\x00"},
        {"checks": [1e400]},
        {"more": {"deep": -1e400}},
    ],
    ids=shown,
)
def test_what_no_database_keeps_is_replaced_with_a_warning(over: dict[str, object]) -> None:
    usable = taken(**over)
    stored(usable)
    assert usable.warnings


# --- The digest -------------------------------------------------------------------------------------------------------


def test_the_digest_ignores_the_secret_and_the_order_of_keys() -> None:
    turned = dict(reversed(PAYLOAD.items()))
    other = read(turned | {"secret": "changed since"}, secrets=["changed since"], allow_private=False)
    assert other.digest == taken().digest


@pytest.mark.parametrize("field", sorted(set(PAYLOAD) - {"secret"}), ids=shown)
def test_the_digest_changes_with_any_other_value(field: str) -> None:
    changed = {"round": 2, "checks": [], "attachments": None}.get(field, f"{PAYLOAD[field]}x")
    assert taken(**{field: changed}).digest != taken().digest
    assert taken(more=1).digest != taken().digest


def test_a_huge_attachment_counts_whole_in_the_digest() -> None:
    one, other = ([{"name": "a", "url": "data:," + "x" * 5000 + end}] for end in "ab")
    assert taken(attachments=one).digest != taken(attachments=other).digest
