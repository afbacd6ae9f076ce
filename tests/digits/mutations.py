"""Damaged picture files: whatever is in them, reading one ends in an answer or in one line.

    python -m tests.digits.mutations 10000

reads so many, and prints the longest time that one took and the most memory that the process had.
"""

import resource
import struct
import sys
import time
import warnings
import zlib

import numpy as np

from digits.errors import BadPicture, NoDigit
from digits.hypotheses import read
from digits.pictures import open_picture
from nn.parallel import single_threaded_blas
from tests.digits.drawings import classifier, drawing, encoded

MOST_SECONDS, MOST_MEGABYTES = 2.0, 500


def originals():
    """A small file of each kind, and of kinds within them."""
    image = drawing(size=(160, 120), at=(40, 30), height=60, pen=8)
    palette = image.quantize(16)
    return [
        ("PNG", encoded(image)),
        ("PNG", encoded(palette, transparency=0)),
        ("PNG", encoded(image.convert("I;16"))),
        ("JPEG", encoded(image, "JPEG")),
        ("JPEG", encoded(image, "JPEG", progressive=True)),
        ("WEBP", encoded(image, "WEBP")),
        ("WEBP", encoded(image, "WEBP", lossless=True)),
        ("GIF", encoded(palette, "GIF", save_all=True, append_images=[palette])),
    ]


def mutated(kind, content, rng):
    """The file with some of its bytes changed, cut out, doubled or cut off; a PNG may have right checksums."""
    content = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(content) if rng.random() < 0.7 else min(len(content), 64)))
        length = int(rng.integers(1, 9))
        match int(rng.integers(6)):
            case 0 | 1:
                content[at] ^= 1 << int(rng.integers(8))
            case 2:
                content[at : at + length] = rng.bytes(length)
            case 3:
                content[at : at + length] = b"\xff" * length
            case 4 if len(content) > 100:
                del content[at : at + int(rng.integers(1, len(content) // 8))]
            case _:
                content[at:at] = content[at : at + length]
    return checked(bytes(content)) if kind == "PNG" and rng.random() < 0.7 else bytes(content)


def checked(content):
    """A PNG with the checksum of each of its chunks put right."""
    parts, at = [content[:8]], 8
    while at + 12 <= len(content):
        length = struct.unpack(">I", content[at : at + 4])[0]
        data = content[at + 4 : at + 8 + length]
        parts.append(content[at : at + 4] + data + struct.pack(">I", zlib.crc32(data)))
        at += 12 + length
    return b"".join(parts)


def read_all(number, seed=0):
    """Read so many; returns the longest time that one took, in seconds, and how many were read, bad and blank."""
    rng, network, files = np.random.default_rng(seed), classifier(), originals()
    slowest, counts = 0.0, {"read": 0, "bad": 0, "blank": 0, "more than a line": 0}
    for _ in range(number):
        kind, original = files[int(rng.integers(len(files)))]
        content = mutated(kind, original, rng)
        begin = time.perf_counter()
        try:
            read(open_picture(content), network)
            counts["read"] += 1
        except BadPicture as error:
            counts["bad" if len(str(error).splitlines()) == 1 else "more than a line"] += 1
        except NoDigit:
            counts["blank"] += 1
        slowest = max(slowest, time.perf_counter() - begin)
    return slowest, counts


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with single_threaded_blas():
        slowest, counts = read_all(int(sys.argv[1]))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{slowest:.2f} s, {memory:.0f} MB, {counts}")
    sys.exit(slowest > MOST_SECONDS or memory > MOST_MEGABYTES or counts["more than a line"] > 0)
