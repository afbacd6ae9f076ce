"""A file is the published one by its bytes, whatever it is called and wherever it lies."""

import hashlib

from stages.formats.datasets import PublishedFile

CONTENT = b"0123456789"
FILE = PublishedFile("digits", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def test_only_the_published_bytes_match(tmp_path):
    path = tmp_path / "another name"
    assert not FILE.matches(path)
    path.write_bytes(CONTENT[:-1] + b"?")
    assert not FILE.matches(path)
    path.write_bytes(CONTENT)
    assert FILE.matches(path)


def test_a_folder_matches_nothing(tmp_path):
    assert not FILE.matches(tmp_path)
