"""A double of GitHub on loopback: its REST calls, git over HTTP and Pages, stateful, each exchange checked against
GitHub's own description.

In tests:

    with GitHubDouble(build_seconds=0.2) as double:
        double.url, double.token, double.login         what the program under test is given
        double.fault("bad_gateway", "create", when="after")
        double.count("create"), double.calls, double.violations, double.exceeded

By itself (for the demo; needs the development dependencies):

    python -m tests.doubles.github --port 8001 --pages-port 8002 [--token T] [--build-seconds S]

It prints one line of JSON when it is ready: {"url", "pages", "token", "login"}. Tests in another process use its
control paths, which take and give JSON (no token needed; they count nowhere):

    GET  /_double/summary     calls by kind, REST writes, pushes, violations, exceeded limits
    GET  /_double/calls       every exchange: method, template, kind, status, at (Unix time), fault, authorized
    POST /_double/faults      {"name": "secondary", "kind": "push", "seconds": 2} or Fault's fields (faults.py)
    DELETE /_double/faults    all off
    POST /_double/stranger    {"owner", "repo", "files": {path: text}}: a stranger commits  -> {"sha"}
    POST /_double/taken       {"owner", "repo"}: a repository of this name that is not ours
    POST /_double/delete      {"owner", "repo"}
    POST /_double/rename      {"owner", "repo", "to"}
    POST /_double/token       {"revoked": true|false, "lacking": ["pages"], "scopes": "repo"|null}
    POST /_double/settings    {"build_seconds", "run_seconds", "call_seconds", "paced", "limit", "remaining",
                               "pass_seconds", "actions_enabled", "empty_pages", "outputs": {path: text}}

What is assumed and not known of GitHub is said where it is decided: builds.py (overtaken builds), state.py (names),
pages.py (Pages by a workflow in an empty repository), runs.py (nothing is run).
"""
