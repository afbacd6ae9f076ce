"""What is at a URL becomes a file: bounded, retried, and resumed where an earlier attempt ended.

The bytes that have come lie in a folder of partial files until somebody accepts them, so that neither a lost
connection nor a killed process costs more than what was on its way.
"""

import hashlib
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter
from tqdm import tqdm

TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two pieces of an answer
ATTEMPTS = 5
BACKOFF = wait_exponential_jitter(initial=1, max=20)  # seconds before the next attempt
LONGEST_WAIT = 60.0  # seconds, whatever a server asks for
PIECE = 16 * 1024  # bytes; at most so many of them are lost with a connection
# Asked for as they are: a server that compresses on the way could not go on in the middle.
HEADERS = {"User-Agent": "digits-in-numpy", "Accept-Encoding": "identity"}

T = TypeVar("T")


class Failure(Exception):
    """A source did not give what was wanted. The text is the reason, for a person to read."""


class Absent(Failure):
    """The source says that it has no such file."""


class Passing(Failure):
    """A failure that may be over in a moment, so that another attempt is worth it."""

    def __init__(self, reason: str, attempts: int | None = None, wait: float | None = None) -> None:
        super().__init__(reason)
        self.attempts = attempts or ATTEMPTS
        self.wait = wait  # seconds that the server asks for


def say(text: str) -> None:
    """One line for the person who watches."""
    print(f"download: {text}", file=sys.stderr, flush=True)  # noqa: T201


def amount(size: int) -> str:
    """A number of bytes, for a person to read."""
    return f"{size / 1e6:,.1f} MB" if size >= 1_000_000 else f"{size:,} bytes"


def open_session() -> requests.Session:
    """Connections that follow the environment as requests does: proxies, certificates, netrc."""
    session = requests.Session()
    session.headers.update(HEADERS)
    return session


def obtain(session: requests.Session, url: str, limit: int, folder: Path, accept: Callable[[Path], T]) -> T:
    """Fetch at most `limit` bytes and hand the file that holds them to `accept`, which raises Failure to refuse.

    Where refused bytes came in several parts, the parts may be of different versions: all is fetched once more.
    Raises Failure where no attempt brought the file, or what came was refused.
    """
    partial = Partial(url, folder)
    resumed = patiently(lambda: request(session, url, limit, partial))
    try:
        return hand_over(partial, accept)
    except Failure:
        if not resumed:
            raise
    patiently(lambda: request(session, url, limit, partial))
    return hand_over(partial, accept)


def hand_over(partial: "Partial", accept: Callable[[Path], T]) -> T:
    """Accepted or refused, the partial file has done its duty; an interruption leaves it for the next run."""
    try:
        result = accept(partial.path)
    except Failure:
        partial.discard()
        raise
    partial.discard()
    return result


class Partial:
    """The bytes of a URL that have come so far, and beside them what the server calls this version of them."""

    def __init__(self, url: str, folder: Path) -> None:
        key = hashlib.sha256(url.encode()).hexdigest()[:32]
        self.path = folder / f"{key}.part"
        self.version = folder / f"{key}.version"

    def size(self) -> int:
        """How many bytes have come."""
        return self.path.stat().st_size if self.path.exists() and self.version.exists() else 0

    def range(self) -> dict[str, str]:
        """The headers that ask for the rest, if the file is still the same one."""
        headers = {"Range": f"bytes={self.size()}-"} if self.size() else {}
        if headers and (version := self.version.read_text("utf-8")):
            headers["If-Range"] = version
        return headers

    def restart(self, answer: requests.Response) -> None:
        """Begin with nothing, and note the version that this answer brings."""
        self.discard()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        etag = answer.headers.get("ETag", "")
        # A weak ETag does not promise the same bytes, and HTTP forbids it here.
        version = answer.headers.get("Last-Modified", "") if etag.startswith("W/") or not etag else etag
        self.version.write_text(version, "utf-8")

    def discard(self) -> None:
        """Forget it all."""
        self.path.unlink(missing_ok=True)
        self.version.unlink(missing_ok=True)


def request(session: requests.Session, url: str, limit: int, partial: Partial) -> bool:
    """Ask once for what is missing and append it. True if bytes of an earlier request were kept.

    Raises Failure, and Passing where it is worth another attempt.
    """
    name, size = file_name(url), partial.size()
    try:
        answer = session.get(url, headers=partial.range(), stream=True, timeout=TIMEOUT)
    except OSError as error:  # what requests raises is one
        raise explain(error, name) from error
    with answer:
        content_range = answer.headers.get("Content-Range", "")
        if size and answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            if content_range == f"bytes */{size}":  # nothing was missing
                return True
            partial.discard()
        elif size and answer.status_code == HTTPStatus.PARTIAL_CONTENT:
            if content_range.startswith(f"bytes {size}-"):
                append(answer, name, limit, partial)
                return True
            partial.discard()
        elif answer.status_code == HTTPStatus.OK:
            partial.restart(answer)
            append(answer, name, limit, partial)
            return False
        else:
            raise refusal(answer, name)
    return request(session, url, limit, partial)  # from the beginning, now that nothing is kept


def append(answer: requests.Response, name: str, limit: int, partial: Partial) -> None:
    """Write the body of an answer behind the bytes that are there; raises Failure as `request` does."""
    size = partial.size()
    length = answer.headers.get("Content-Length", "")
    total = size + int(length) if length.isdecimal() else None
    if (total or 0) <= limit:
        with (
            partial.path.open("ab") as file,
            tqdm(desc=name, total=total, initial=size, unit="B", unit_scale=True, disable=None) as bar,
        ):
            try:
                for piece in body(answer, name):
                    size += len(piece)
                    if size > limit:
                        break
                    file.write(piece)
                    file.flush()  # a killed process leaves what it has
                    bar.update(len(piece))
                else:
                    return
            except Passing as error:
                came = f"{size:,} of {total:,}" if total is not None else f"{size:,}"
                raise Passing(f"{error} after {came} bytes") from error
    partial.discard()
    raise Failure(f"{name} is longer than {amount(limit)}")


def body(answer: requests.Response, name: str) -> Iterator[bytes]:
    """The bytes of an answer exactly as they were sent, piece by piece; raises Passing where they break off."""
    try:
        yield from answer.raw.stream(PIECE, decode_content=False)
    except urllib3.exceptions.TimeoutError as error:
        raise Passing(f"{name} timed out") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Passing(f"{name} ended") from error


def file_name(url: str) -> str:
    """The last part of a URL's path."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])


def patiently(action: Callable[[], T]) -> T:
    """Do something, and again after a while where it fails with Passing; in the end raises its last Failure."""
    retrying = Retrying(
        retry=retry_if_exception_type(Passing),
        stop=lambda state: state.attempt_number >= passing(state).attempts,
        wait=pause,
        before_sleep=lambda state: say(f"{passing(state)}; trying again"),
        reraise=True,
    )
    return retrying(action)


def passing(state: RetryCallState) -> Passing:
    """What made the last attempt fail."""
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, Passing):
        raise TypeError(f"{error!r} should never have been retried")
    return error


def pause(state: RetryCallState) -> float:
    """Seconds before the next attempt: what the server asks for, within reason, else longer each time."""
    asked = passing(state).wait
    return BACKOFF(state) if asked is None else min(max(asked, 0.0), LONGEST_WAIT)


def refusal(answer: requests.Response, name: str) -> Failure:
    """The failure that an answer with another status than success means."""
    status = answer.status_code
    phrase = f" ({HTTPStatus(status).phrase.lower()})" if status in set(HTTPStatus) else ""
    reason = f"answered {status}{phrase} for {name}"
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        return Absent(reason)
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = None
        with suppress(urllib3.exceptions.InvalidHeader):
            wait = urllib3.Retry().get_retry_after(answer.raw)  # seconds or a date
        return Passing(reason, wait=wait)
    return Failure(reason)


def explain(error: OSError, name: str) -> Failure:  # noqa: PLR0911 (a table of cases)
    """The failure that an exception of requests means: what happened, and whether it may pass.

    The exception's own text is not shown: it holds the URL, and with it a password.
    """
    causes = list(causes_of(error))

    def among(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return refusal(error.response, name)
    if among(requests.exceptions.ProxyError):
        refused = re.search(r"Tunnel connection failed: (\d+)", str(error))
        if refused and int(refused[1]) < HTTPStatus.INTERNAL_SERVER_ERROR:
            return Failure(f"the proxy answered {refused[1]} for {name}")
        return Passing("the proxy could not be reached", attempts=2)
    if among(socket.gaierror, urllib3.exceptions.NameResolutionError):
        return Failure("its host name does not resolve")
    if certificate := among(ssl.SSLCertVerificationError):
        return Failure(f"its certificate is not trusted: {getattr(certificate, 'verify_message', '')}")
    if among(requests.ConnectTimeout):
        return Passing("could not be reached in time", attempts=2)
    if among(requests.Timeout, TimeoutError):
        return Passing(f"timed out for {name}")
    if among(ConnectionRefusedError):
        return Passing("refused the connection", attempts=2)
    if among(ConnectionError, ssl.SSLError, urllib3.exceptions.ProtocolError):
        return Passing(f"closed the connection without an answer for {name}")
    if isinstance(error, requests.ConnectionError):  # no route, no network
        reason = among(OSError, urllib3.exceptions.HTTPError)
        return Passing(
            f"could not be reached ({getattr(reason, 'strerror', None) or 'no connection'})", attempts=2
        )
    if isinstance(error, requests.TooManyRedirects):
        return Failure(f"redirects without an end for {name}")
    if isinstance(error, requests.RequestException):
        return Failure(f"cannot be asked for {name} ({type(error).__name__})")
    return Failure(f"cannot be asked for {name}: {error}")  # the file of certificates is missing


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what brought it about, outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
