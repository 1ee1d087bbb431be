"""The only modules that write rounds. Functions are named `<noun>_<verb>`."""
