"""Packages come from where pip is configured to look, and the wheel that is wanted is chosen among the others."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from stages.downloading import package_index
from stages.downloading.http import DownloadError
from stages.downloading.package_index import PipSession, fetch_wheel, pip_settings
from tests.serving import Answer, Server

WHEEL = b"the wheel with the digits"
SHA256 = hashlib.sha256(WHEEL).hexdigest()
RIGHT = "digits-0.2-py3-none-any.whl"
OTHER = "digits-0.2.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def pip_conf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing of this machine's configuration; a file that pip takes instead of all others."""
    for name in ("INDEX_URL", "EXTRA_INDEX_URL", "CERT", "PROXY", "TRUSTED_HOST"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    path = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    return path


@pytest.fixture
def server(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, as the index that pip is configured to use."""
    monkeypatch.setattr(package_index, "pip_settings", lambda: {"index-url": f"{server.url}/simple"})
    return server


def publish(server: Server, files: Mapping[str, bytes], *, hashes: bool = True) -> None:
    """Have the server be an index that has these files of the project digits."""
    links = ""
    for name, content in files.items():
        fragment = f"#sha256={hashlib.sha256(content).hexdigest()}" if hashes else ""
        links += f'<a href="/files/{name}{fragment}">{name}</a>\n'
        server.says(f"/files/{name}", Answer(content))
    page = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
    server.says("/simple/digits/", Answer(page, headers={"Content-Type": "text/html"}))


# What pip is configured with.


def test_pip_is_asked_and_the_environment_wins(pip_conf, monkeypatch):
    pip_conf.write_text(
        "[global]\nindex-url = http://name:it's@a/simple\nextra-index-url =\n    http://b\n    http://c\n"
        "cert = /a\n[install]\ncert = /b\n[download]\ncert = /c\n[wheel]\ncert = /d\n"
    )
    monkeypatch.setenv("PIP_TRUSTED_HOST", "b c:8080")
    monkeypatch.setenv("PIP_PROXY", "")
    settings = pip_settings()
    assert settings["index-url"] == "http://name:it's@a/simple"
    assert settings["extra-index-url"].split() == ["http://b", "http://c"]
    assert (settings["cert"], settings["trusted-host"]) == ("/c", "b c:8080")
    assert "proxy" not in settings
    monkeypatch.setenv("PIP_CERT", "/e")
    assert pip_settings()["cert"] == "/e"


def test_a_configuration_that_pip_cannot_read_is_a_failure(pip_conf):
    pip_conf.write_text("no section\n")
    with pytest.raises(DownloadError, match="pip config list"):
        pip_settings()


def test_without_any_setting_the_default_index_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(package_index, "fetch_from_index", lambda requirement, index, session: asked.append(index))
    fetch_wheel("digits==0.2")
    assert asked == [PYPI_SIMPLE_ENDPOINT]


def test_the_next_index_is_asked_and_all_failures_are_told_without_passwords(server, monkeypatch):
    nowhere = "http://name:secret@nowhere.invalid/simple"
    indexes = {"index-url": "file:///opt/simple", "extra-index-url": f"{nowhere}\n{server.url}/simple"}
    monkeypatch.setattr(package_index, "pip_settings", lambda: indexes)
    with pytest.raises(DownloadError) as error:
        fetch_wheel("digits==0.2")
    assert str(error.value) == (
        "file:///opt/simple: digits: only http: and https: URLs can be requested; "
        "http://nowhere.invalid/simple: digits: the host name does not resolve; "
        f"{server.url}/simple: it does not know digits"
    )
    publish(server, {RIGHT: WHEEL})
    assert fetch_wheel("digits==0.2") == WHEEL


def test_pips_proxy_wins_over_the_environment(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://nowhere.invalid:1")
    monkeypatch.setenv("NO_PROXY", "nowhere.invalid")
    server.says("http://nowhere.invalid/file", Answer(b"through the proxy"))
    with PipSession({"proxy": server.url}) as session:
        assert session.get("http://nowhere.invalid/file").content == b"through the proxy"


def test_pips_certificates_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/from/the/environment.pem")
    with PipSession({"cert": "/from/pip.pem"}) as session, pytest.raises(OSError, match=r"/from/pip\.pem"):
        session.get("https://127.0.0.1:9/")


def test_a_trusted_host_needs_no_certificate(monkeypatch):
    sent = {}
    monkeypatch.setattr("requests.Session.send", lambda self, request, **kwargs: sent.update(kwargs))
    with PipSession({"cert": "a.pem", "trusted-host": "a b:8080"}) as session:
        for url, verify in [("https://a/", False), ("https://u:p@b:8080/", False), ("https://b/", "a.pem")]:
            session.send(requests.Request("GET", url).prepare())
            assert sent["verify"] == verify


def test_the_name_and_password_of_an_index_are_used_for_its_files(server, monkeypatch):
    publish(server, {RIGHT: WHEEL})
    index = f"{server.url}/simple".replace("//", "//name:pass@")
    monkeypatch.setattr(package_index, "pip_settings", lambda: {"index-url": index})
    fetch_wheel("digits==0.2")
    assert [request.headers["Authorization"][:5] for request in server.requests] == ["Basic", "Basic"]


# What an index answers.


def test_a_busy_index_is_asked_again(server):
    publish(server, {RIGHT: WHEEL})
    server.answers["/simple/digits/"].insert(0, Answer(status=503))
    assert fetch_wheel("digits==0.2") == WHEEL


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=404), "it does not know digits"),
        (Answer(status=403), r"digits: the server answered 403 \(forbidden\)"),
        (
            Answer(b"%PDF", headers={"Content-Type": "application/pdf"}),
            "its answer for digits is no list of packages",
        ),
        (Answer(b"{", headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}), "JSONDecodeError"),
        (Answer(b"<html></html>", headers={"Content-Type": "text/html"}), "it has no such wheel of digits==0.2"),
    ],
)
def test_an_index_without_the_project_is_a_failure(server, answer, reason):
    server.says("/simple/digits/", answer)
    with pytest.raises(DownloadError, match=f"^{server.url}/simple: .*{reason}"):
        fetch_wheel("digits==0.2")
    assert len(server.requests) == 1


# Which wheel is chosen.


def test_a_known_wheel_is_chosen_by_its_hash(server, monkeypatch):
    monkeypatch.setattr(package_index, "KNOWN_WHEELS", {"digits==0.2": SHA256})
    publish(server, {"digits-0.2.tar.gz": WHEEL, "digits-0.2-py2-none-any.whl": b"old", OTHER: b"", RIGHT: WHEEL})
    assert fetch_wheel("digits==0.2") == WHEEL
    assert [request.path for request in server.requests] == ["/simple/digits/", f"/files/{RIGHT}"]


def test_an_index_that_lists_no_hashes_may_have_the_known_wheel(server, monkeypatch):
    monkeypatch.setattr(package_index, "KNOWN_WHEELS", {"digits==0.2": SHA256})
    publish(server, {OTHER: b"", RIGHT: WHEEL}, hashes=False)
    assert fetch_wheel("digits==0.2") == WHEEL
    publish(server, {RIGHT: b"another"}, hashes=False)
    with pytest.raises(
        DownloadError, match=rf"{RIGHT} has another SHA-256 \({hashlib.sha256(b'another').hexdigest()[:9]}"
    ):
        fetch_wheel("digits==0.2")


def test_of_another_package_the_first_wheel_of_that_version_will_do(server):
    publish(server, {"digits-0.2.tar.gz": b"", OTHER: b"", RIGHT: WHEEL, "digits-0.2-py2-none-any.whl": b""})
    assert fetch_wheel("digits==0.2") == WHEEL


def test_a_wheel_with_another_hash_than_the_index_lists_is_refused(server):
    publish(server, {RIGHT: WHEEL})
    server.says(f"/files/{RIGHT}", Answer(b"another"))
    with pytest.raises(DownloadError, match="another SHA-256"):
        fetch_wheel("digits==0.2")
