"""The exchange over HTTP, on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from paper_exchange.exchange import Exchange

__all__ = ["Server"]

_LARGEST = 1 << 20  # bytes of a body


class Server:
    """Serves until the end of a ``with``.

    Args:
        exchange: What to serve.
        port: On 127.0.0.1; 0: a free one.

    Attributes:
        url: What the SDK calls ``base_url``.
    """

    def __init__(self, exchange: Exchange, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"exchange": exchange})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    exchange: Exchange
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(min(length, _LARGEST))
        try:
            request = json.loads(content)
            if self.path == "/exchange":
                self._answer(200, self.exchange.post(request))
            elif self.path == "/info":
                self._answer(200, self.exchange.info(request))
            else:
                self._answer(404, None)
        except (KeyError, TypeError, ValueError):
            self._answer(422, {"code": 422, "msg": "Failed to deserialize the JSON body"})

    def _answer(self, status: int, value: Any) -> None:  # noqa: ANN401 -- JSON
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""
