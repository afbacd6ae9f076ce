"""A real HTTP server on 127.0.0.1 that answers as a test tells it to, well or badly, and knows what was asked."""

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ZEROS = bytes(64 * 1024)


@dataclass(frozen=True)
class Answer:
    """How the server answers a request."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: bool = True  # whether Content-Length is sent
    cut: int | None = None  # reset the connection after so many bytes of the body
    stall: int | None = None  # send no more after so many bytes, and keep the connection
    endless: bool = False  # send zeros until nobody listens


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    headers: Message


class Server(ThreadingHTTPServer):
    """Answers by path; of several answers each is given once, the last for ever. Everything else is a 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[Request] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.server_port}"

    def says(self, path: str, *answers: Answer) -> None:
        """Answer requests for this path so."""
        self.answers[path] = list(answers)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients leave in the middle here; that is what is tested."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server

    def do_GET(self) -> None:
        """Give the next answer for the path."""
        self.server.requests.append(Request(self.path, self.headers))
        answers = self.server.answers.get(self.path, [Answer(status=404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.length and not answer.endless and "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.send_body(answer)

    def send_body(self, answer: Answer) -> None:
        """Send as much as the answer says, then go on, wait or break off."""
        self.close_connection = not answer.length or answer.endless or "Content-Length" in answer.headers
        self.wfile.write(answer.body[: answer.cut][: answer.stall])
        while answer.endless:
            self.wfile.write(ZEROS)
        if answer.stall is not None:
            self.server.closing.wait(30)
            self.close_connection = True
        if answer.cut is not None:
            # Closed with nothing lingering, the connection is reset; first the client gets what was sent.
            self.server.closing.wait(0.05)
            with suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Tests look at `requests` instead."""


@contextmanager
def serving() -> Iterator[Server]:
    """A server for the time of the block."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
