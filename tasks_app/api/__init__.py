"""The evaluator's side of HTTP: tasks in, a round's status out, and the description of both. Pages for people are in `web` and `admin`."""
