"""The only writers of state. Functions are named `<noun>_<verb>` and take keyword arguments."""
