"""The Django project: settings, rows, API, console, processes. It imports `engine`, never the other way round."""
