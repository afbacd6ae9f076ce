import errno

import pytest

from stages.runtime.atomic import all_or_none, atomic_write, read_json, write, write_json
from stages.runtime.errors import UserError


def test_a_file_is_written_whole_and_its_folder_made(tmp_path):
    write(tmp_path / "folder" / "file", b"content")
    assert (tmp_path / "folder" / "file").read_bytes() == b"content"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["file"]


def fail_halfway(path, error):
    with atomic_write(path) as file:
        file.write(b"half")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a fault")])
def test_a_block_that_fails_leaves_the_former_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"former")
    with pytest.raises(type(error)):
        fail_halfway(path, error)
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_named_with_the_room_there_is(tmp_path):
    with pytest.raises(UserError, match=r"file could not be written: No space left on device; [\d,]+ MB are free"):
        fail_halfway(tmp_path / "file", OSError(errno.ENOSPC, "No space left on device"))
    assert not list(tmp_path.iterdir())


def write_two_and_fail(folder):
    with all_or_none():
        write(folder / "first", b"1")
        assert not (folder / "first").exists()
        write(folder / "second", b"2")
        raise UserError("the disk is full")


def test_files_written_together_all_get_their_names_at_the_end(tmp_path):
    with all_or_none():
        write(tmp_path / "first", b"1")
        write(tmp_path / "second", b"2")
        assert not (tmp_path / "first").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_files_written_together_are_all_given_up_when_one_fails(tmp_path):
    with pytest.raises(UserError):
        write_two_and_fail(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_no_lack_of_room_gets_no_advice_to_make_room(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(UserError, match=r"file could not be written: Is a directory$"):
        write(tmp_path / "file", b"content")


def test_a_mapping_reads_back_in_its_order(tmp_path):
    write_json(tmp_path / "file", {"b": 1, "a": [0.1, None]})
    assert list(read_json(tmp_path / "file").items()) == [("b", 1), ("a", [0.1, None])]


@pytest.mark.parametrize(("content", "message"), [(b"{", "is not JSON"), (b"[1]", "holds no JSON object")])
def test_what_is_no_mapping_is_refused(tmp_path, content, message):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_json(tmp_path / "file")
