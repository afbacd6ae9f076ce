"""Download the file at a URL into memory: bounded in size and time, and tried again after a transient error."""

import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from types import UnionType
from typing import TypeVar
from urllib.parse import unquote

import requests
from tqdm import tqdm

TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two reads of an answer
DEADLINE = 900.0  # seconds for one file, all attempts together
ATTEMPTS = 5
BACKOFF = 1.0  # seconds before the second attempt, doubled before each later one
MAX_WAIT = 60.0  # seconds, whatever a server asks for
CHUNK = 4096  # bytes; size and time are checked after each

T = TypeVar("T")


class DownloadError(Exception):
    """A source did not give what was asked for. The text is the reason, without a URL or a password.

    `attempts` is how many to make in all, 1 where the error is not transient; `wait` the seconds before the next
    one, where the server asks for a pause.
    """

    def __init__(self, reason: str, attempts: int = 1, wait: float | None = None) -> None:
        super().__init__(reason)
        self.attempts = attempts
        self.wait = wait


class NotFound(DownloadError):
    """The source says that it has no such file."""


# What an exception of requests means: the first row of which it, or one of its causes, is an instance.
FAILURES: tuple[tuple[type[Exception] | UnionType, str, int], ...] = (  # class, reason, attempts
    (requests.exceptions.ProxyError, "the proxy cannot be reached, or refuses", 2),
    (socket.gaierror, "the host name does not resolve", 1),
    (ssl.SSLCertVerificationError, "the certificate is not trusted", 1),
    (requests.ConnectTimeout, "the server could not be reached in time", 2),
    (requests.Timeout | TimeoutError, "timed out", ATTEMPTS),
    (ConnectionRefusedError, "the server refused the connection", 2),
    (ConnectionError | ssl.SSLError | requests.exceptions.ChunkedEncodingError, "the connection broke", ATTEMPTS),
    (requests.ConnectionError, "the connection failed", 2),
    (requests.exceptions.InvalidSchema, "only http: and https: URLs can be requested", 1),
    (requests.TooManyRedirects, "redirected without an end", 1),
    (requests.exceptions.ContentDecodingError, "damaged, it cannot be unpacked", 1),
)


def download(session: requests.Session, url: str, limit: int) -> bytes:
    """The content of the file at a URL, at most `limit` bytes; a Content-Encoding is decoded.

    Raises DownloadError where every attempt fails, NotFound where the server has no such file.
    """
    name = unquote(url.partition("?")[0].rpartition("/")[2])
    deadline = time.monotonic() + DEADLINE

    def attempt() -> bytes:
        content = bytearray()
        with session.get(url, stream=True, timeout=TIMEOUT) as answer:
            answer.raise_for_status()
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            with tqdm(desc=name, total=total, unit="B", unit_scale=True, leave=False, disable=None) as bar:
                for chunk in answer.iter_content(CHUNK):
                    content += chunk
                    bar.update(len(chunk))
                    if max(len(content), total or 0) > limit:
                        raise DownloadError(f"{name} is longer than {format_size(limit)}")
                    if time.monotonic() > deadline:
                        raise DownloadError(f"{name} is not complete after {DEADLINE:.0f} seconds")
        return bytes(content)

    return with_retries(name, attempt)


def with_retries(name: str, action: Callable[[], T]) -> T:
    """The result of an action, which is called again after a pause where requests raises a transient error.

    Raises DownloadError for the last error, without its text: that holds the URL, and with it a password.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            return action()
        except (OSError, UnicodeEncodeError) as error:  # all exceptions of requests are; of a password
            failure = error_of_exception(error, name)
            if attempt >= failure.attempts:
                raise failure from error
        log(f"{failure}; trying again")
        time.sleep(BACKOFF * 2 ** (attempt - 1) if failure.wait is None else failure.wait)


def error_of_exception(error: Exception, name: str) -> DownloadError:
    """What an exception of requests means: what happened, and whether it is transient."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error_of_status(error.response, name)
    for kinds, reason, attempts in FAILURES:
        for cause in exception_chain(error):
            if isinstance(cause, kinds):
                detail = getattr(cause, "verify_message", "")  # of a certificate
                return DownloadError(f"{name}: {reason}{detail and f' ({detail})'}", attempts)
    # Where the file of certificates is missing, requests raises a plain OSError that says so.
    detail = str(error) if type(error) is OSError else type(error).__name__
    return DownloadError(f"{name} cannot be requested: {detail}")


def error_of_status(answer: requests.Response, name: str) -> DownloadError:
    """What an answer with the status of an error means."""
    status = answer.status_code
    phrase = f" ({HTTPStatus(status).phrase.lower()})" if status in set(HTTPStatus) else ""
    reason = f"{name}: the server answered {status}{phrase}"
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        return NotFound(reason)
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = answer.headers.get("Retry-After", "")
        return DownloadError(reason, ATTEMPTS, min(float(wait), MAX_WAIT) if wait.isdecimal() else None)
    return DownloadError(reason)


def exception_chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its causes, outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def log(text: str) -> None:
    """Print one line about the progress of the stage."""
    print(f"download: {text}", file=sys.stderr, flush=True)  # noqa: T201


def format_size(size: int) -> str:
    """A number of bytes as people write it."""
    return f"{size / 1e6:,.1f} MB" if size >= 1_000_000 else f"{size:,} bytes"
