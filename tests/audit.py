"""What the run-time dependencies' licences allow, how old their releases are, and which have known vulnerabilities:
`python -m tests.audit`, which `make audit` runs.

Exit codes: 0 nothing found; 1 a licence that is not allowed, or a known vulnerability; 3 the vulnerabilities could not
be asked for, so nobody knows. uv asks https://osv.dev about the versions of uv.lock; licences and ages need no network.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")

FOUND, UNKNOWN = 1, 3

#: Licences beside which an MIT project may use a package unchanged, by SPDX identifier or as packages write them.
ALLOWED = frozenset(
    name.lower()
    for name in (
        *("MIT", "MIT-0", "MIT License", "ISC", "PSF-2.0", "0BSD", "Unlicense", "CC0-1.0"),
        *("BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD 3-Clause", "BSD License"),
        *("Apache-2.0", "Apache Software License", "MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
        *("LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"),
        "GNU Library or Lesser General Public License (LGPL)",
    )
)

#: Years after which a release is listed. A stable library may be older and well.
OLD = 2


def licence(package: Message) -> str:
    """Return a package's licence as its metadata says: the SPDX expression, or what older packages write; "" if
    nothing."""
    if expression := package.get("License-Expression"):
        return str(expression)
    name = (package.get("License") or "").strip()
    if name and name != "UNKNOWN" and len(name.splitlines()) == 1:
        return name
    named = [c.rpartition(" :: ")[2] for c in package.get_all("Classifier") or [] if c.startswith("License ::")]
    return " AND ".join(name for name in named if name != "OSI Approved")


def is_allowed(expression: str) -> bool:
    """Say whether a licence is allowed: of `A OR B` one, of `A AND B` both. One with brackets or WITH is not."""
    return all(
        any(choice.strip().lower() in ALLOWED for choice in part.split(" OR ")) for part in expression.split(" AND ")
    )


def forbidden(names: Iterable[str]) -> dict[str, str]:
    """Return the installed packages among `names` whose licence is not allowed, and that licence.

    What is locked for other systems only is not installed here and not looked at.
    """
    found = {}
    for name in names:
        try:
            said = licence(metadata(name))
        except PackageNotFoundError:
            continue
        if not is_allowed(said):
            found[name] = said or "none that its metadata names"
    return found


def locked() -> dict[str, dict[str, str]]:
    """Return the locked run-time packages by name, each with its version and when that was released."""
    packages = {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    found: dict[str, dict[str, str]] = {}
    (waiting,) = ([one for one in packages.values() if one["source"] == {"virtual": "."}],)
    while waiting:
        one = waiting.pop()
        extras = [d for of_extra in one.get("optional-dependencies", {}).values() for d in of_extra]
        for name in {d["name"] for d in [*one.get("dependencies", []), *extras]} - found.keys():
            file = next(iter(packages[name].get("wheels", [packages[name].get("sdist")])))
            found[name] = {"version": packages[name]["version"], "released": file["upload-time"]}
            waiting.append(packages[name])
    return found


def _old(packages: dict[str, dict[str, str]]) -> list[str]:
    now = datetime.now(UTC)
    return [
        f"{name} {one['version']} of {one['released'][:10]}"
        for name, one in sorted(packages.items())
        if (now - datetime.fromisoformat(one["released"])).days > OLD * 365
    ]


def main(service: str = "https://api.osv.dev/") -> int:
    """Print what there is to know and return the exit code. `service` answers like https://google.github.io/osv.dev/api"""
    packages = locked()
    wrong = forbidden(packages)
    for name, said in wrong.items():
        print(f"licence not allowed: {name}: {said}")
    print(f"licences: {len(packages)} run-time packages, {len(wrong)} with a licence that is not allowed")
    print(f"releases older than {OLD} years, for information: {', '.join(_old(packages)) or 'none'}", flush=True)
    asked = subprocess.run(
        [UV, "audit", "--frozen", "--preview-features", "audit-command", "--service-url", service], cwd=ROOT
    )
    if asked.returncode not in (0, FOUND):
        print("vulnerabilities: NOT KNOWN. uv could not ask for them, for the reason above; nothing was audited.")
    return FOUND if wrong or asked.returncode == FOUND else UNKNOWN if asked.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
