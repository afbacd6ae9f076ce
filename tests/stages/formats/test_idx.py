import struct

import numpy as np
import pytest

from stages.formats import idx
from stages.runtime.errors import UserError


def image_file(path, images):
    path.write_bytes(struct.pack(">4I", 0x803, *images.shape) + images.tobytes())
    return path


def label_file(path, labels):
    path.write_bytes(struct.pack(">2I", 0x801, len(labels)) + bytes(labels))
    return path


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(5, 28, 28), dtype=np.uint8)


def test_what_was_written_is_read(tmp_path, images):
    assert (idx.read_images(image_file(tmp_path / "images", images)) == images).all()
    assert idx.read_labels(label_file(tmp_path / "labels", [0, 255, 3])).tolist() == [0, 255, 3]


def test_a_truncated_file_is_refused_with_both_lengths(tmp_path, images):
    path = image_file(tmp_path / "images", images)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="it has 3,935 bytes where its header says 3,936"):
        idx.read_images(path)


def test_a_file_that_is_too_long_is_refused(tmp_path, images):
    path = image_file(tmp_path / "images", images)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(UserError, match="it has 3,937 bytes"):
        idx.read_images(path)


def test_a_file_that_ends_within_its_header_is_refused(tmp_path):
    (tmp_path / "images").write_bytes(b"\0\0\x08\x03\0\0")
    with pytest.raises(UserError, match="ends after 6 bytes, within its header"):
        idx.read_images(tmp_path / "images")


def test_labels_in_the_place_of_images_are_refused(tmp_path):
    path = label_file(tmp_path / "images", [1] * 40)
    with pytest.raises(UserError, match="it begins with 0x00000801, not 0x00000803"):
        idx.read_images(path)


def test_numbers_of_another_type_are_refused(tmp_path):
    (tmp_path / "labels").write_bytes(struct.pack(">2I", 0xD01, 1) + b"\0\0\0\0")
    with pytest.raises(UserError, match="not 0x00000801"):
        idx.read_labels(tmp_path / "labels")


def test_images_of_another_size_are_refused(tmp_path):
    with pytest.raises(UserError, match="its images are 32 x 32, not 28 x 28"):
        idx.read_images(image_file(tmp_path / "images", np.zeros((2, 32, 32), np.uint8)))


def test_a_header_that_claims_four_billion_images_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "images").write_bytes(struct.pack(">4I", 0x803, 2**32 - 1, 2**32 - 1, 2**32 - 1))
    with pytest.raises(UserError, match="it claims 4,294,967,295 items"):
        idx.read_images(tmp_path / "images")


def test_a_missing_file_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="is missing; `dvc repro` makes it"):
        idx.read_labels(tmp_path / "labels")
