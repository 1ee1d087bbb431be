"""The HTTP API: accepting tasks, a round's status, and the description of both. `web` and `admin` hold the pages."""
