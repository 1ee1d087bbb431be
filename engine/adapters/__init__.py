"""The ports of `engine.ports`, built on real libraries. Foreign exceptions are translated here and go no further."""
