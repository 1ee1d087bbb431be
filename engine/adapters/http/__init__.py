"""The one way out: every request to an address that somebody else named, and the callback."""
