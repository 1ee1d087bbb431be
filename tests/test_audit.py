"""Licences of what the service is made of, and what `make audit` says of vulnerabilities, by a service on loopback."""

from __future__ import annotations

import json
from email.message import Message
from typing import TYPE_CHECKING

import pytest

from tests import audit
from tests.doubles.http_server import HttpServer, Script
from tests.test_locks import DEV, pins

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = {"id": "GHSA-0000", "summary": "a hole", "modified": "2026-01-01T00:00:00Z", "affected": []}


def osv(*known: Mapping[str, object]) -> HttpServer:
    """Return a service that knows so many vulnerabilities, each of another package."""
    packages = len(pins(DEV))
    results = [{"vulns": [one]} for one in known] + [{}] * (packages - len(known))
    return HttpServer(
        {"/v1/querybatch": Script(body=json.dumps({"results": results}).encode())}
        | {f"/v1/vulns/{one['id']}": Script(body=json.dumps(one).encode()) for one in known}
    )


def test_each_locked_package_has_a_licence_that_is_allowed() -> None:
    assert len(audit.locked()) > 50
    assert audit.forbidden(audit.locked()) == {}


def test_the_run_time_packages_are_those_of_the_lock_for_pip() -> None:
    from tests.test_locks import RUN

    assert audit.locked().keys() == pins(RUN).keys()


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-2.0-or-later", True),
        ("MIT AND PSF-2.0", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("(MIT OR GPL-2.0-only) AND BSD-3-Clause", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_a_licence_is_allowed_by_its_expression(expression: str, allowed: bool) -> None:
    assert audit.is_allowed(expression) == allowed


def test_older_packages_name_their_licence_in_other_fields() -> None:
    package = Message()
    package["License"] = "UNKNOWN"
    package["Classifier"] = "License :: OSI Approved :: MIT License"
    package["Classifier"] = "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"
    assert audit.licence(package) == "MIT License AND GNU General Public License v3 (GPLv3)"
    assert not audit.is_allowed(audit.licence(package))


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize(("known", "code"), [((), 0), ((KNOWN,), 1)], ids=["nothing", "one"])
def test_the_exit_code_says_whether_there_is_a_vulnerability(
    known: tuple[Mapping[str, object], ...], code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with osv(*known) as service:
        assert audit.main(service.url()) == code
    said = capfd.readouterr()
    assert ("GHSA-0000" in said.out + said.err) == bool(known)


@pytest.mark.processes
def test_nothing_is_called_well_that_could_not_be_asked(capfd: pytest.CaptureFixture[str]) -> None:
    with HttpServer({"/v1/querybatch": Script(404)}) as service:
        assert audit.main(service.url()) == audit.UNKNOWN
    assert "nothing was audited" in capfd.readouterr().out
