"""The ports of `engine.ports` on real libraries, a package each. Foreign exceptions are translated here and go no further."""
