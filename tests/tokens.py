"""Credentials of known shapes, put together from parts so that none stands in a file, and what only looks like one."""

from __future__ import annotations

import base64
import hashlib
import uuid


def filler(length: int, alphabet: str = "aB3dE5gH7jK9mN1pQ") -> str:
    """Return `length` characters that look drawn by lot."""
    return (alphabet * (length // len(alphabet) + 1))[:length]


HEX = "0123456789abcdef"
UPPER = "PRIVATE" + " KEY"
SHAPES = [
    ("GitHub fine-grained token", "github_" + "pat_" + filler(22) + "_" + filler(59)),
    ("Anthropic key", "sk-" + "ant-api03-" + filler(93) + "-AA"),
    ("OpenRouter key", "sk-" + "or-v1-" + filler(64, HEX)),
    ("OpenAI key", "sk-" + "proj-" + filler(60) + "_" + filler(60)),
    ("OpenAI key", "sk-" + "svcacct-" + filler(40)),
    ("OpenAI key", "sk-" + "admin-" + filler(40)),
    ("OpenAI key", "sk-" + filler(48)),
    ("Hugging Face token", "hf" + "_" + filler(34)),
    ("Google API key", "AI" + "za" + filler(35)),
    ("Groq key", "gsk" + "_" + filler(52)),
    ("xAI key", "xai" + "-" + filler(80)),
    ("npm token", "npm" + "_" + filler(36)),
    ("JSON Web Token", ".".join(["ey" + "J" + filler(30), "ey" + "J" + filler(80), filler(43)])),
    ("private key", f"-----BEGIN {UPPER}-----"),
    ("private key", f"-----BEGIN RSA {UPPER}-----"),
    ("private key", f"-----BEGIN OPENSSH {UPPER}-----"),
    ("private key", f"-----BEGIN PGP {UPPER} BLOCK-----"),
]
INNOCENT = [
    hashlib.sha1(b"x").hexdigest(),  # noqa: S324 -- a commit's name
    hashlib.sha256(b"x").hexdigest(),
    hashlib.sha512(b"x").hexdigest(),
    f'integrity="sha384-{base64.b64encode(hashlib.sha384(b"x").digest()).decode()}"',
    "sha384-" + filler(23) + "/AI" + "za" + filler(35) + "+",
    f"data:image/png;base64,{base64.b64encode(bytes(range(256)) * 20).decode()}",
    str(uuid.UUID(int=2**127 + 12345)),
    "<p>Set sk-... as your key, or hf_... for the other one</p>",
    "sk-" + "your-key-here",
    "hf" + "_" + "x" * 34,
    "gsk" + "_" + "abc" * 16,
    "class='sk-" + "circle-fade-dot sk-chase sk-cube-grid'",
    "task-" + filler(48),
    "my_hf" + "_" + filler(34),
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "eyJ" + filler(30) + ".txt",
    "npm" + "_" + filler(35),
    "",
]
