"""A file at a URL: what may pass is tried again, what will not is given up, and neither takes for ever."""

import ssl

import pytest
import requests

from stages.downloading import http
from stages.downloading.http import DownloadError, NotFound, download, error_of_exception
from tests.serving import Answer, Server, serving

CONTENT = bytes(range(250)) * 800
NAME = "digits.gz"
PATH = f"/a/{NAME}"


def fetched(url: str) -> bytes:
    with requests.Session() as session:
        return download(session, url, len(CONTENT))


def refused(server: Server) -> str:
    """The reason why the file does not come from the server."""
    with pytest.raises(DownloadError) as error:
        fetched(f"{server.url}{PATH}")
    return str(error.value)


@pytest.mark.parametrize("status", [403, 404])
def test_a_file_that_is_not_there_is_asked_for_once(server: Server, status):
    server.says(PATH, Answer(status=status))
    with pytest.raises(NotFound, match=f"the server answered {status}"):
        fetched(f"{server.url}{PATH}")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 410, 451])
def test_a_refusal_is_final(server: Server, status):
    server.says(PATH, Answer(status=status))
    assert refused(server).startswith(f"{NAME}: the server answered {status} (")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: Server, status, capsys):
    server.says(PATH, Answer(status=status), Answer(status=status), Answer(CONTENT))
    assert fetched(f"{server.url}{PATH}") == CONTENT
    assert len(server.requests) == 3
    assert f"download: {NAME}: the server answered {status} (" in capsys.readouterr().err


def test_a_server_that_stays_busy_is_given_up(server: Server):
    server.says(PATH, Answer(status=503))
    assert refused(server) == f"{NAME}: the server answered 503 (service unavailable)"
    assert len(server.requests) == http.ATTEMPTS


def test_each_pause_is_twice_as_long(server: Server, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    monkeypatch.setattr(http, "BACKOFF", 1)
    server.says(PATH, Answer(status=503))
    refused(server)
    assert waits == [1, 2, 4, 8]


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("86400", http.MAX_WAIT), ("soon", 0)])
def test_retry_after_is_followed_within_reason(server: Server, monkeypatch, asked, waited):
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    server.says(PATH, Answer(status=429, headers={"Retry-After": asked}), Answer(CONTENT))
    fetched(f"{server.url}{PATH}")
    assert waits == [waited]


def test_a_name_that_does_not_resolve_is_tried_once(capsys):
    with pytest.raises(DownloadError, match=f"{NAME}: the host name does not resolve"):
        fetched(f"http://nowhere.invalid{PATH}")
    assert "trying again" not in capsys.readouterr().err


def test_a_server_that_is_down_is_tried_twice(server: Server, capsys):
    with serving() as gone:
        url = gone.url
    with pytest.raises(DownloadError, match="refused the connection"):
        fetched(f"{url}{PATH}")
    assert capsys.readouterr().err.count("trying again") == 1


def test_a_proxy_that_is_down_is_named(server: Server, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://name:secret@nowhere.invalid:1")
    with pytest.raises(DownloadError, match=f"^{NAME}: the proxy cannot be reached, or refuses$"):
        fetched(f"http://nowhere.invalid{PATH}")


def test_a_server_that_falls_silent_times_out(server: Server, monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", (2.0, 0.05))
    server.says(PATH, Answer(CONTENT, stall=1000))
    assert refused(server) == f"{NAME}: timed out"
    assert len(server.requests) == http.ATTEMPTS


def test_a_file_that_takes_too_long_is_given_up(server: Server, monkeypatch):
    monkeypatch.setattr(http, "DEADLINE", 0.0)
    server.says(PATH, Answer(CONTENT))
    assert refused(server) == f"{NAME} is not complete after 0 seconds"
    assert len(server.requests) == 1


def test_a_connection_that_breaks_is_made_again(server: Server):
    server.says(PATH, Answer(CONTENT, cut=100_000), Answer(CONTENT))
    assert fetched(f"{server.url}{PATH}") == CONTENT


@pytest.mark.parametrize(
    "answer", [Answer(CONTENT, cut=5000), Answer(CONTENT[:5000], headers={"Content-Length": "200000"})]
)
def test_a_connection_that_breaks_every_time_is_given_up(server: Server, answer):
    server.says(PATH, answer)
    assert refused(server) == f"{NAME}: the connection broke"
    assert len(server.requests) == http.ATTEMPTS


def test_a_certificate_that_is_not_trusted_is_named_and_tried_once():
    error = requests.exceptions.SSLError("...")
    error.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.__cause__.verify_message = "certificate has expired"
    failure = error_of_exception(error, NAME)
    assert str(failure) == f"{NAME}: the certificate is not trusted (certificate has expired)"
    assert failure.attempts == 1


def test_a_missing_file_of_certificates_is_a_failure_of_the_source(tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(DownloadError, match=r"nowhere\.pem"):
        fetched(f"https://127.0.0.1:9{PATH}")


@pytest.mark.parametrize("url", ["http://[x/digits.gz", "http://name:secret@/digits.gz"])
def test_what_is_no_url_is_a_failure_of_the_source(url):
    with pytest.raises(DownloadError, match=f"^{NAME} cannot be requested: Invalid"):
        fetched(url)
