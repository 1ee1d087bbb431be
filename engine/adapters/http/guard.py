"""Sends every HTTP request to an address that a task or an evaluator names.

The guard checks the port, resolves a host name once, checks all of its addresses, and connects to a checked address. It
does the same for each redirect. Answers are bounded in size and in wall-clock time. Proxies, environment and cookies
are not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Literal
from urllib.parse import urljoin

import httpcore2
import httpx2

from engine.adapters.http.pinned_network import Deadline, PinnedNetwork, resolve_host, resolve_within
from engine.domain.addresses import ParsedUrl, address_problem, parse_url, port_problem
from engine.domain.http import Answer
from engine.errors import EngineError, Permanent, Transient

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from engine.adapters.http.pinned_network import Resolve

    Redirects = Literal["none", "get", "preserve"]

CONNECT_SECONDS = 5.0
MOST_REDIRECTS = 5
AGENT = "llm-devops-engine/0.1.0 (self-hosted service that publishes static pages; fetches what a task names, once)"

#: The statuses whose redirects are followed. "preserve" follows those that keep method and body.
#: https://www.rfc-editor.org/rfc/rfc9110#section-15.4
_FOLLOWED = {"none": frozenset[int](), "get": frozenset({301, 302, 303, 307, 308}), "preserve": frozenset({307, 308})}

_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})


def agent(contact: str) -> str:
    """Return the User-Agent with an address at which somebody can be reached, as the SEC and others want it.

    https://www.sec.gov/os/webmaster-faq#developers
    """
    return AGENT.replace(")", f"; contact: {contact})") if contact else AGENT


class GuardedHttp:
    """HTTP to foreign addresses. Thread-safe, with one connection for each request.

    `allow_private` allows loopback and private addresses for every host, `allowed_origins` (`scheme://host:port`) for
    these origins only. `user_agent` is sent with every request. `resolve` returns a host name's addresses;
    `ssl_context` replaces the system's trust store.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        allowed_origins: Collection[str] = (),
        user_agent: str = AGENT,
        resolve: Resolve = resolve_host,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._allowed_origins = frozenset(parse_url(origin).origin for origin in allowed_origins)
        self._user_agent = user_agent
        self._resolve = resolve
        self._ssl_context = ssl_context or httpx2.create_ssl_context(trust_env=False)

    def fetch(self, url: str, *, seconds: float, max_bytes: int, origin: str = "") -> Answer:
        """GET a URL and follow redirects. Raises as `request` does."""
        headers = {"Origin": origin} if origin else {}
        return self.request("GET", url, headers=headers, seconds=seconds, max_bytes=max_bytes, redirects="get")

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float,
        connect_seconds: float = CONNECT_SECONDS,
        max_bytes: int,
        redirects: Redirects = "none",
        partial: bool = False,
        into: BinaryIO | None = None,
    ) -> Answer:
        """Send a request and return an answer of any status within `seconds` of wall-clock time, redirects included.

        The answer holds at most `max_bytes` of the decoded body. With `partial`, an incomplete body is no error. With
        `into`, the body is written there as it comes, those of redirects too, and the answer's is empty.
        `redirects`: "get" follows all of them for GET, "preserve" follows 307 and 308 with the same method and body.
        Raises Permanent (address_refused, before we connect; bad_request) and Transient (dns_failed, connect_failed,
        tls_failed, timed_out, connection_lost, bad_answer, too_many_redirects).
        """
        sent = {"User-Agent": self._user_agent, **(headers or {})}
        target = _parse(url)
        deadline = Deadline(seconds, target.host)
        for _ in range(MOST_REDIRECTS + 1):
            connecting = deadline.within(connect_seconds, target.host)
            addresses = self._checked_addresses(target, connecting)
            network = PinnedNetwork(addresses, deadline=deadline.within(seconds, target.host), connecting=connecting)
            answer = self._exchange(method, target, sent, body, network, max_bytes, partial=partial, into=into)
            location = answer.headers.get("location")
            if answer.status not in _FOLLOWED[redirects] or location is None:
                return answer
            following = _parse(location, target.url)
            if following.origin != target.origin:
                sent = {name: value for name, value in sent.items() if name.lower() not in _CREDENTIALS}
            target = following
        raise Transient("too_many_redirects", f"{target.host} redirected more than {MOST_REDIRECTS} times.")

    def _checked_addresses(self, target: ParsedUrl, deadline: Deadline) -> Sequence[str]:
        """Return the target's addresses. Raises Permanent(address_refused) if one, or the port, is not allowed."""
        is_own = target.origin in self._allowed_origins
        if not is_own and (problem := port_problem(target)):
            raise Permanent("address_refused", f"{target.host} must not be contacted there. {problem}")
        allow_private = self._allow_private or is_own
        addresses = resolve_within(self._resolve, target.host, deadline)
        for address in addresses:
            if problem := address_problem(address, allow_private=allow_private):
                raise Permanent("address_refused", f"{target.host} must not be contacted: {address} is {problem}.")
        return addresses

    def _exchange(
        self,
        method: str,
        target: ParsedUrl,
        headers: Mapping[str, str],
        body: bytes | None,
        network: PinnedNetwork,
        max_bytes: int,
        *,
        partial: bool,
        into: BinaryIO | None,
    ) -> Answer:
        # We ask for a body without compression. A server may compress it all the same, so httpx2 decodes it below.
        own = {"Host": target.netloc, "Accept-Encoding": "identity", "Connection": "close"}
        if body is not None:
            own["Content-Length"] = str(len(body))
        sent = [(name.encode(), value.encode()) for name, value in {**headers, **own}.items()]
        try:
            raw_path = httpx2.URL(target.url).raw_path
            url = httpcore2.URL(
                scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=raw_path
            )
            with (
                httpcore2.ConnectionPool(ssl_context=self._ssl_context, network_backend=network) as pool,
                pool.stream(method, url, headers=sent, content=body) as raw,
            ):
                if raw.status < 200:
                    raise Transient("bad_answer", f"{target.host} gave no final answer (status {raw.status}).")
                response = httpx2.Response(raw.status, headers=raw.headers, stream=_Body(raw.iter_stream()))
                content, truncated = _read(response.iter_bytes(), max_bytes, partial=partial, into=into)
        except (httpcore2.LocalProtocolError, httpx2.InvalidURL) as error:
            raise Permanent("bad_request", f"The request to {target.host} is not valid HTTP: {error}.") from None
        except (httpcore2.ProtocolError, httpx2.DecodingError) as error:
            raise Transient("bad_answer", f"{target.host} did not answer in valid HTTP: {error}.") from None
        received = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, received, content, target.url, truncated)


class _Body(httpx2.SyncByteStream):
    """Passes httpcore2's body to httpx2, which decodes it in bounded pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces


def _parse(url: str, base: str = "") -> ParsedUrl:
    try:
        return parse_url(urljoin(base, url))
    except ValueError as error:
        raise Permanent("address_refused", str(error)) from None


def _read(
    pieces: Iterable[bytes], max_bytes: int, *, partial: bool, into: BinaryIO | None = None
) -> tuple[bytes, bool]:
    content, left = bytearray(), max_bytes
    try:
        for piece in pieces:
            if into:
                into.write(piece[:left])
            else:
                content += piece[:left]
            left -= len(piece)
            if left < 0:
                return bytes(content), True
    except (EngineError, httpcore2.ProtocolError, httpx2.DecodingError):
        if not partial:
            raise
        return bytes(content), True
    return bytes(content), False
