"""Implementations of `engine.ports` on libraries, whose exceptions they translate into `engine.errors`."""
