"""The engine turns a request into a published web page: it plans, generates, checks and publishes. It has no Django."""
