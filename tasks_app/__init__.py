"""The Django project: settings, rows, API, console, processes. It imports `engine`; `engine` never imports it."""
