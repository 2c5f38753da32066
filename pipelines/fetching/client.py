"""The polite HTTP client: bounded in time, size, rate and connections, patient with what passes, firm with what does not.

Proxies and certificates come from the environment (HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE). What does not belong here: which
addresses a publisher has (the fetchers) and what becomes of an answer (``store``).
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import stamina

from pipelines import __version__
from pipelines.fetching import Answer, NotModified, Refused, Transient

_HEADERS_THAT_MATTER = (
    "content-type", "content-length", "content-disposition", "etag", "last-modified", "date", "location", "retry-after",
)  # fmt: skip
_TRANSIENT_STATUSES = {408, 425, 429, 500, 502, 503, 504}
_LONGEST_SHOWN = 200


@dataclass(frozen=True)
class Limits:
    """Bounds of one night. Seconds, bytes, counts."""

    connect: float = 10.0
    read: float = 30.0
    deadline: float = 300.0
    """All of one source, retries and waits included."""
    attempts: int = 4
    first_wait: float = 1.0
    longest_wait: float = 60.0
    bytes: int = 50_000_000
    """One answer, decompressed."""
    connections: int = 16
    per_host: int = 2
    between: float = 0.2
    """Least time from one request to the next on a host."""
    redirects: int = 5


class Client:
    """Connections shared by all sources of a night. ``async with client(...)`` makes one."""

    def __init__(self, http: httpx.AsyncClient, limits: Limits):
        self._http = http
        self.limits = limits
        self._slots: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(limits.per_host))
        self._next: dict[str, float] = {}

    async def once(
        self, url: httpx.URL, headers: Mapping[str, str], secret: Mapping[str, str], most: int, elsewhere: frozenset[str]
    ) -> Answer:
        """Ask once, following redirects that stay with the publisher. Raises Transient, Refused, NotModified.

        ``secret`` goes nowhere but to the server of ``url`` itself.
        """
        asked = url
        for _ in range(self.limits.redirects + 1):
            answer = await self._ask(asked, {**headers, **(secret if _same_server(asked, url) else {})}, most)
            if answer.status not in (301, 302, 303, 307, 308):
                return Answer(str(url), answer.at, answer.status, answer.headers, answer.body)
            asked = await _next_hop(url, asked, answer.headers.get("location"), elsewhere)
        raise Refused(f"{url}: more than {self.limits.redirects} redirects")

    async def _ask(self, url: httpx.URL, headers: Mapping[str, str], most: int) -> Answer:
        async with self._slots[url.host]:
            await self._wait_my_turn(url.host)
            try:
                async with self._http.stream("GET", url, headers=dict(headers)) as response:
                    if response.status_code == httpx.codes.NOT_MODIFIED:
                        raise NotModified(str(url))
                    body = await _body(response, most)
            except httpx.TimeoutException as error:
                raise Transient(f"{url}: no answer in time ({type(error).__name__})") from error
            except httpx.DecodingError as error:
                raise Transient(f"{url}: the compressed answer is damaged ({error})") from error
            except httpx.TransportError as error:
                if isinstance(cause := _root(error), ssl.SSLError):
                    raise Refused(f"{url}: its certificate is not to be trusted ({cause})") from error
                raise Transient(f"{url}: {error or type(error).__name__}") from error
        matter = {name: response.headers[name] for name in _HEADERS_THAT_MATTER if name in response.headers}
        return Answer(str(url), datetime.now(UTC).replace(microsecond=0), response.status_code, matter, body)

    async def _wait_my_turn(self, host: str) -> None:
        now = time.monotonic()
        turn = max(now, self._next.get(host, 0.0))
        self._next[host] = turn + self.limits.between
        if turn > now:
            await asyncio.sleep(turn - now)


@dataclass
class Ask:
    """How one source asks: the shared client, its own bounds, and what is known of its last kept release.

    ``known`` maps an address to the validators (etag, last-modified) of the answer kept; ``elsewhere`` are hosts that a
    redirect may lead to; ``secret``, a header with a key from the environment, goes to the declared server alone and is never
    printed.
    """

    client: Client
    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    secret: Mapping[str, str] = field(default_factory=dict)
    most: int | None = None
    requests: int = 0

    async def get(
        self,
        url: str,
        params: Mapping[str, str | int] | None = None,
        *,
        expect: str | None = None,
        conditional: bool = False,
        told_by: str | None = None,
        passing: Callable[[Answer], bool] = lambda _: False,
    ) -> Answer:
        """The answer to GET ``url``, asked again with jittered back-off while what went wrong may pass.

        ``expect`` ("json", "html", "binary") is held against the body: HTML where data was expected is a server in trouble.
        ``passing`` says which refusals of this publisher are known to pass. With ``conditional`` NotModified is raised when
        what is kept is still current. An address that an answer of the publisher gave (``told_by``) is trusted no more than a
        redirect. Raises Refused, and Transient when patience ran out.
        """
        full = httpx.URL(url, params=dict(params)) if params else httpx.URL(url)
        secret = self.secret
        if told_by is not None:
            teller = httpx.URL(told_by)
            full = await _next_hop(teller, teller, str(full), self.elsewhere)
            secret = secret if _same_server(full, teller) else {}
        if full.scheme not in ("http", "https") or not full.host:
            raise Refused(f"{full}: only http and https addresses are asked")
        headers: dict[str, str] = {}
        if conditional and (validators := self.known.get(str(full))):
            headers |= {
                name: validators[said]
                for name, said in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
                if said in validators
            }
        limits = self.client.limits
        attempts = stamina.retry_context(
            on=lambda error: _retry(error, limits.longest_wait),
            attempts=limits.attempts,
            timeout=limits.deadline,
            wait_initial=limits.first_wait,
            wait_max=limits.longest_wait,
            wait_jitter=limits.first_wait,
        )
        async for attempt in attempts:
            with attempt:
                self.requests += 1
                answer = await self.client.once(full, headers, secret, self.most or limits.bytes, self.elsewhere)
                _judge(answer, expect, passing)
        return answer


@asynccontextmanager
async def client(limits: Limits) -> AsyncIterator[Client]:
    """A client for one night; all its connections end with it."""
    # What it does by itself is to print every attempt; here the last one is told, with its reason.
    stamina.instrumentation.set_on_retry_hooks([])
    async with httpx.AsyncClient(
        headers={"User-Agent": user_agent(), "Accept-Encoding": "gzip"},
        timeout=httpx.Timeout(limits.read, connect=limits.connect),
        limits=httpx.Limits(max_connections=limits.connections, max_keepalive_connections=limits.connections),
        follow_redirects=False,
        # One for all, also behind proxies: reading the certificates takes longer than many an answer.
        verify=httpx.create_ssl_context(),
    ) as http:
        yield Client(http, limits)


def user_agent() -> str:
    """Says who asks; ``MARSAD_CONTACT`` (an address of whoever runs this house) is added when set."""
    contact = os.environ.get("MARSAD_CONTACT")
    return f"marsad/{__version__} (observatory of Morocco's digital indicators{'; ' + contact if contact else ''})"


def as_json(answer: Answer) -> Any:
    """The body as JSON with numbers as printed (texts), so that no digit is invented. Raises Transient when it is none."""
    try:
        return json.loads(answer.body.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Transient(f"{answer.url}: the answer is no JSON ({error}): {_beginning(answer)}") from error


def _no_constant(said: str) -> Any:
    raise ValueError(f"{said} is no JSON number")


def _retry(error: Exception, longest_wait: float) -> bool | float:
    """Whether to ask again; a number is how many seconds the server asked to wait, if that is not too long for one night."""
    if not isinstance(error, Transient):
        return False
    if error.wait is None:
        return True
    return error.wait if error.wait <= longest_wait else False


def _judge(answer: Answer, expect: str | None, passing: Callable[[Answer], bool]) -> None:
    said = f"{answer.url}: answered {answer.status}"
    if answer.status in _TRANSIENT_STATUSES or (not _is_good(answer) and passing(answer)):
        raise Transient(f"{said}: {_beginning(answer)}", _retry_after(answer))
    if not _is_good(answer):
        raise Refused(f"{said}: {_beginning(answer)}")
    if expect is not None and expect != "html" and _looks_like_html(answer):
        raise Transient(f"{said} with a page of HTML where {expect} was expected: {_beginning(answer)}")
    if expect == "json":
        as_json(answer)
    if not answer.body:
        raise Transient(f"{said} with nothing in it")


def _is_good(answer: Answer) -> bool:
    return answer.status == httpx.codes.OK


def _looks_like_html(answer: Answer) -> bool:
    start = answer.body[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _beginning(answer: Answer) -> str:
    text = " ".join(answer.body[: 4 * _LONGEST_SHOWN].decode("utf-8", errors="replace").split())
    return repr(text[:_LONGEST_SHOWN])


def _retry_after(answer: Answer) -> float | None:
    """Seconds that the server asked to wait (RFC 9110, 10.2.3: a number, or a date)."""
    said = answer.headers.get("retry-after")
    if said is None:
        return None
    if said.strip().isdigit():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


async def _body(response: httpx.Response, most: int) -> bytes:
    """The body, decompressed, never holding much more than ``most`` bytes."""
    said = response.headers.get("content-length", "")
    if said.isdigit() and int(said) > most:
        raise Refused(f"{response.url}: announces {said} bytes, more than the {most} that are accepted")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most:
            raise Refused(f"{response.url}: sends more than the {most} bytes that are accepted")
    return bytes(body)


async def _next_hop(first: httpx.URL, here: httpx.URL, location: str | None, elsewhere: frozenset[str]) -> httpx.URL:
    """Where a redirect leads, if it may be followed. Raises Refused."""
    if location is None:
        raise Refused(f"{here}: a redirect to nowhere")
    there = here.join(location)
    if there.scheme not in ("http", "https") or (here.scheme == "https" and there.scheme == "http"):
        raise Refused(f"{here}: leads to {there}, which is not as safe")
    known = there.host in elsewhere
    if there.host != first.host and not known:
        raise Refused(
            f"{here}: leads to another host, {there.host}; if that is the publisher's, add it to fetch.hosts in dataset.yml"
        )
    if not known and there.port not in (None, first.port):
        await _refuse_inside(here, there)
    return there


def _same_server(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


async def _refuse_inside(here: httpx.URL, there: httpx.URL) -> None:
    """Raises Refused when the host is this machine or its neighbourhood."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(there.host, there.port or 443)
    except OSError as error:
        raise Transient(f"{here}: leads to {there.host}, which has no address ({error})") from error
    for *_, (address, *_) in found:
        where = ipaddress.ip_address(str(address).partition("%")[0])
        if not where.is_global:
            raise Refused(f"{here}: leads to {there}, an address inside ({where}); add the host to fetch.hosts to allow it")


def _root(error: BaseException) -> BaseException:
    """What an error goes back to, by cause or context."""
    while (earlier := error.__cause__ or error.__context__) is not None:
        error = earlier
    return error
