"""Publishers as real HTTP servers on this machine: what was observed of each, and a bad day of every kind.

``Publisher`` serves what its ``pages`` answer; a ``Fault`` set on it spoils the next answers, as many as asked for.
"""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    path: str
    query: dict[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """One answer; with an ``etag`` or ``last_modified`` conditional requests are honoured as by any web server."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None


@dataclass
class Fault:
    """What goes wrong with the next ``times`` answers.

    ``kind``: slow (seconds), cut (the connection ends in the middle), wrong_length (less than announced), status (of that
    number), html (a page where data was asked for, status 200), redirect (to ``location``), bomb (gzip of ``seconds`` MB).
    """

    kind: str
    times: int = 1_000_000
    status: int = 500
    seconds: float = 1.0
    location: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Publisher:
    """A server on a free loopback port for the length of a ``with``; ``asked`` is every request it got."""

    def __init__(self, answer: Callable[[Asked], Reply], tls: ssl.SSLContext | None = None):
        self.answer = answer
        self.asked: list[Asked] = []
        self.fault: Fault | None = None
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.base = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    def _next_fault(self) -> Fault | None:
        with self._lock:
            if self.fault is None or self.fault.times <= 0:
                return None
            self.fault.times -= 1
            return self.fault

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = Asked(parts.path, {key: values[-1] for key, values in parse_qs(parts.query).items()}, dict(self.headers))
                with publisher._lock:
                    publisher.asked.append(asked)
                fault = publisher._next_fault()
                try:
                    self._send(asked, fault)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def _send(self, asked: Asked, fault: Fault | None) -> None:
                reply = publisher.answer(asked)
                kind = fault.kind if fault else ""
                if fault and kind == "slow":
                    time.sleep(fault.seconds)
                if fault and kind == "status":
                    reply = Reply(b"<html>out of order</html>", fault.status, "text/html", fault.headers)
                if fault and kind == "html":
                    reply = Reply(b"<!DOCTYPE html><html><body>Maintenance</body></html>", 200, "text/html")
                if fault and kind == "redirect":
                    reply = Reply(b"", 302, "text/html", {"Location": fault.location})
                if fault and kind == "bomb":
                    packed = gzip.compress(b"0" * int(fault.seconds * 1_000_000))
                    reply = Reply(packed, 200, "application/json", {"Content-Encoding": "gzip"})
                if reply.status == 200 and _still_the_same(reply, asked):
                    reply = Reply(b"", 304, etag=reply.etag, last_modified=reply.last_modified)
                self.send_response(reply.status)
                headers = {"Content-Type": reply.content_type, **reply.headers}
                if reply.etag:
                    headers["ETag"] = reply.etag
                if reply.last_modified:
                    headers["Last-Modified"] = reply.last_modified
                length = len(reply.body) + (100 if kind == "wrong_length" else 0)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                body = reply.body[: len(reply.body) // 2] if kind == "cut" else reply.body
                self.wfile.write(body)
                if kind in ("cut", "wrong_length"):
                    self.close_connection = True

        return Handler


def _still_the_same(reply: Reply, asked: Asked) -> bool:
    said = {name.lower(): value for name, value in asked.headers.items()}
    if "if-none-match" in said:
        return reply.etag is not None and said["if-none-match"] == reply.etag
    return reply.last_modified is not None and said.get("if-modified-since") == reply.last_modified
