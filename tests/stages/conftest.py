"""What the tests of the stages share: a server of files on this machine."""

from collections.abc import Iterator

import pytest

from stages.downloading import http
from tests.serving import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that is asked again without a pause."""
    monkeypatch.setattr(http, "BACKOFF", 0)
    with serving() as server:
        yield server
