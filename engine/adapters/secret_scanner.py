"""The port Scanner: the patterns of detect-secrets' plugins, and our own patterns of `engine.formats`.

We do not use its entropy plugins, which report integrity hashes, nor its `verify`, which sends the found secrets to
their services. Its patterns for OpenAI, JWT, Slack and npm take time that grows with the square of the text. Our own
patterns replace them, or they see short runs of text only.
https://github.com/Yelp/detect-secrets/tree/v1.5.0/detect_secrets/plugins
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

from engine.formats.credential_patterns import Token, credentials_in_plain, is_real, without_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLUGINS = (
    AWSKeyDetector, DiscordBotTokenDetector, GitHubTokenDetector, GitLabTokenDetector, MailchimpDetector,
    OpenAIDetector, PypiTokenDetector, SendGridDetector, SlackDetector, SquareOAuthDetector, StripeDetector,
    TelegramBotTokenDetector, TwilioKeyDetector,
)  # fmt: skip

#: A run of characters that a credential may have. Patterns search one run at a time, so that none reads a text twice.
_RUN = re.compile(r"[\w.:/+=-]{16,}")
_LONGEST_RUN = 1_000


class DetectSecretsScanner:
    """Finds credentials by their form alone. It uses no network and writes no log."""

    def __init__(self) -> None:
        self._patterns = [(plugin.secret_type, re.compile(p)) for plugin in _PLUGINS for p in plugin().denylist]

    def tokens(self, text: str) -> Iterator[Token]:
        """Yield the probable credentials of a text, once for each line and match."""
        reported = set[tuple[int, str]]()
        plain = without_hashes(text)
        for token in (*credentials_in_plain(plain), *self._by_plugins(plain)):
            if (token.line, token.match) not in reported:
                reported.add((token.line, token.match))
                yield token

    def _by_plugins(self, text: str) -> Iterator[Token]:
        for run in _RUN.finditer(text):
            part = run[0][:_LONGEST_RUN]
            for kind, pattern in self._patterns:
                found = pattern.search(part)
                if found and is_real(found[0]):
                    yield Token(kind, text.count("\n", 0, run.start()) + 1, found[0])
