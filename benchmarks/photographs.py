"""Photographs of digits like those that people give, and how many of them are read right.

Run as `python -m benchmarks.photographs`, in the environment of the project (`make repro`): photographs made from
validation images, by which preparation is chosen; with --test from test images, for the figures in the docs;
`--sheet FILE.png` draws some of each kind instead. 640 x 480, JPEG of quality 85.

KINDS and SEEDS were fixed before the first measurement. Each photograph has a stream of random numbers of its own,
by seed, kind and number, so that a larger set begins with the smaller one.
"""

import argparse
import io
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 640, 480
JPEG_QUALITY = 85
NUMBER = 200  # of photographs of each kind
MODEL = Path("data/model/model.safetensors")
MARGIN = 8  # pixels, from the digit to each side, but for kinds at the edge

Split = Literal["validation", "test"]
SEEDS: dict[Split, int] = {"validation": 1_402_026, "test": 2_802_027}

Pixels = NDArray[np.uint8]  # (28, 28)
Floats = NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """What distinguishes a kind of photograph; a pair is the range from which a value is drawn.

    Colors and light are fractions of full scale. Plain is what all have in common: ink on evenly lit paper.
    """

    height: Range = (0.10, 0.90)  # of the digit, as a share of that of the photograph
    pens: tuple[Range, ...] = ()  # width of the pen, as a share of the digit's height; (): as it was written
    at_edge: bool = False  # 0 to 3 pixels from one of the four sides
    tilt: float = 0.0  # degrees to either side, at most
    shadow: Range = (0.0, 0.0)  # share of the light that is lost behind a straight edge
    softness: Range = (8.0, 150.0)  # pixels over which the light falls at that edge
    lined: bool = False  # lines or squares, 24 to 60 pixels apart, up to 3 degrees turned
    line_contrast: Range = (0.10, 0.25)  # of those to the paper
    grain: float = 0.01  # standard deviation, of every pixel
    inverted: float = 0.0  # share of photographs that show light ink on dark paper
    colored: bool = False  # any two colors, at least 0.5 from each other (red, green, blue from 0 to 1)
    contrast: float = 0.0  # least difference of their brightness


THIN, THICK = (0.03, 0.06), (0.13, 0.22)
KINDS = {
    "plain": Kind(),
    "thin": Kind(pens=(THIN,)),
    "thick": Kind(pens=(THICK,)),
    "edge": Kind(at_edge=True),
    "tilt": Kind(tilt=20),
    "shadow": Kind(shadow=(0.3, 0.5)),
    "lined": Kind(lined=True),
    "grain": Kind(grain=0.1),
    "inverted": Kind(inverted=1),
    "coloured": Kind(colored=True),
    "all": Kind(
        pens=(THIN, THICK),
        at_edge=True,
        tilt=20,
        shadow=(0.3, 0.5),
        lined=True,
        grain=0.1,
        inverted=0.5,
        colored=True,
        contrast=0.35,
    ),
}
PAPER, INK = (0.75, 0.97), (0.03, 0.35)  # brightness, where the kind says nothing; exchanged if inverted
TINT = 0.03  # by which red, green and blue differ from it, at most
LEAST_PEN = 1.5  # pixels
FINE = 10  # pixels of the enlarged image for one of the data set's
INSIDE = 0.38  # where the enlarged image is ink: strokes narrower than a pixel do not reach 0.5


def stream(kind: str, number: int, split: Split) -> np.random.Generator:
    """The random numbers of one photograph."""
    return np.random.default_rng([SEEDS[split], list(KINDS).index(kind), number])


def source(kind: str, number: int, split: Split, images: int) -> int:
    """Which of so many images a photograph shows."""
    return int(
        np.random.default_rng([SEEDS[split], len(KINDS) + list(KINDS).index(kind), number]).integers(images)
    )


def photograph(image: Pixels, kind: str, number: int, split: Split = "validation") -> Image.Image:
    """A photograph of the digit in an image (28, 28), ink high."""
    how, rng = KINDS[kind], stream(kind, number, split)
    ink = drawn(image, how, rng)[..., None]  # (height, width, 1), 0 to 1
    paper_color, ink_color = colors(how, rng)
    picture = paper(paper_color, ink_color, how, rng)
    picture += ink * (ink_color - picture)
    picture *= light(how, rng)[..., None]
    blurred = Image.fromarray(as_bytes(picture)).filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.2)))
    grain = how.grain * rng.standard_normal((HEIGHT, WIDTH, 1))
    return Image.fromarray(as_bytes(np.asarray(blurred) / 255 + grain))


def jpeg(picture: Image.Image) -> bytes:
    """The photograph as a file."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def as_bytes(picture: Floats) -> NDArray[np.uint8]:
    """Brightness from 0 to 1 as bytes."""
    return np.floor(255 * np.clip(picture, 0, 1) + 0.5).astype(np.uint8)


def drawn(image: Pixels, how: Kind, rng: np.random.Generator) -> Floats:
    """How much of each pixel of the photograph is ink: the digit turned, enlarged and put somewhere."""
    side = FINE * len(image)
    enlarged = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    fine = enlarged.filter(ImageFilter.GaussianBlur(FINE / 2))
    pen = how.pens[rng.integers(len(how.pens))] if how.pens else None
    joints, neighbors = skeleton(strokes(enlarged)[1::3, 1::3]) if pen else ([], [])
    points = 3 * np.array(joints) + 1.5 if pen else np.argwhere(np.asarray(fine) > 255 * INSIDE) + 0.5
    angle = np.radians(rng.uniform(-how.tilt, how.tilt))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = points @ turn.T  # (n, 2): down, right

    low, extent = turned.min(axis=0), np.ptp(turned, axis=0).clip(1)
    height = HEIGHT * rng.uniform(*how.height)
    nib = max(LEAST_PEN, height * rng.uniform(*pen)) if pen else 0.0
    scale = (height - nib) / extent[0]
    scale = min(scale, (0.95 * WIDTH - nib) / extent[1])
    corner = place(scale * extent + nib, how, rng) + nib / 2 - scale * low  # where (0, 0) comes to lie
    if pen:
        return redrawn(scale * turned + corner, neighbors, nib)
    # From a pixel of the photograph back to the enlarged image.
    back = turn.T / scale
    down, right = -back @ corner
    affine = (back[1, 1], back[1, 0], right, back[0, 1], back[0, 0], down)
    found = fine.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
    steepness = max(1.0, 1.5 * scale * FINE)  # so that the edge of a stroke is about a pixel wide
    inside: Floats = np.clip((np.asarray(found) / 255 - INSIDE) * steepness + 0.5, 0, 1)
    return inside


def place(size: Floats, how: Kind, rng: np.random.Generator) -> Floats:
    """Where the upper left corner of a digit of this size lies: down, right."""
    room = np.maximum(np.array([HEIGHT, WIDTH]) - size, 0)
    margin = np.minimum(MARGIN, room / 2)
    corner = rng.uniform(margin, room - margin)
    side, distance = rng.integers(4), rng.uniform(0, 3)
    if how.at_edge:
        axis = side % 2
        corner[axis] = min(distance, room[axis]) if side < 2 else max(room[axis] - distance, 0)
    return corner


def strokes(enlarged: Image.Image) -> NDArray[np.bool_]:
    """Where an enlarged image is brighter than around it: so the counters of a 6 or an 8 stay open.

    Of some ways this gave the skeleton that, drawn again as wide as the strokes were, is most like the image.
    """
    near, wide = (np.asarray(enlarged.filter(ImageFilter.GaussianBlur(share * FINE))) for share in (0.3, 1.05))
    return np.asarray((near > wide) & (near > 255 * 0.25))


def skeleton(ink: NDArray[np.bool_]) -> tuple[list[Floats], list[tuple[int, int]]]:
    """The middle lines of the strokes: points, smoothed, and which of them are joined.

    (T. Y. Zhang, C. Y. Suen, A Fast Parallel Algorithm for Thinning Digital Patterns, 1984.)
    """
    thin = np.pad(ink, 1)
    while True:
        before = thin.copy()
        for first in (True, False):
            around = [np.roll(thin, shift, (0, 1)) for shift in
                      ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))]  # fmt: skip
            north, _, east, _, south, _, west, _ = around
            count = sum(one.astype(np.int8) for one in around)
            steps = sum((~a & b).astype(np.int8) for a, b in zip(around, [*around[1:], around[0]], strict=True))
            if first:
                open_sides = ~(north & east & south) & ~(east & south & west)
            else:
                open_sides = ~(north & east & west) & ~(north & south & west)
            thin &= ~((count >= 2) & (count <= 6) & (steps == 1) & open_sides)
        if (thin == before).all():
            break
    points = np.argwhere(thin) - 1.0
    near = np.abs(points[:, None] - points[None]).max(axis=2)
    smooth = [points[row <= 3].mean(axis=0) for row in near]
    return smooth, [(int(i), int(j)) for i, j in np.argwhere(near == 1) if i < j]


def redrawn(points: Floats, neighbors: list[tuple[int, int]], nib: float) -> Floats:
    """The lines between neighbors, drawn with a round pen of this width."""
    fine = 4 if nib < 12 else 2
    canvas = Image.new("L", (fine * WIDTH, fine * HEIGHT))
    draw = ImageDraw.Draw(canvas)
    radius = fine * nib / 2
    ends = [(fine * right, fine * down) for down, right in points]
    for i, j in neighbors:
        draw.line([ends[i], ends[j]], fill=255, width=round(2 * radius))
    for right, down in ends:
        draw.ellipse((right - radius, down - radius, right + radius, down + radius), fill=255)
    return np.asarray(canvas.reduce(fine)) / 255


def colors(how: Kind, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Those of paper and ink: red, green, blue from 0 to 1."""
    inverted = rng.random() < how.inverted
    while True:
        if how.colored:
            paper_color, ink_color = rng.random((2, 3))
        else:
            paper_range, ink_range = (INK, PAPER) if inverted else (PAPER, INK)
            paper_color = rng.uniform(*paper_range) + rng.uniform(-TINT, TINT, 3)
            ink_color = rng.uniform(*ink_range) + rng.uniform(-TINT, TINT, 3)
        contrast = brightness(paper_color) - brightness(ink_color)
        if not how.colored:
            return paper_color, ink_color
        if np.linalg.norm(paper_color - ink_color) > 0.5 and abs(contrast) >= how.contrast:
            wrong = how.inverted > 0 and (contrast < 0) != inverted
            return (ink_color, paper_color) if wrong else (paper_color, ink_color)


def brightness(color: Floats) -> float:
    """That of red, green, blue, as television has it."""
    return float(color @ [0.299, 0.587, 0.114])


def paper(color: Floats, ink_color: Floats, how: Kind, rng: np.random.Generator) -> Floats:
    """The paper without the digit, (height, width, 3), with its lines: a little towards the ink's brightness."""
    picture = np.broadcast_to(color, (HEIGHT, WIDTH, 3)).copy()
    spacing, squared, angle = rng.uniform(24, 60), rng.random() < 0.5, np.radians(rng.uniform(-3, 3))
    phase, width = rng.random(2), rng.uniform(1, 2)
    contrast, hue = rng.uniform(*how.line_contrast), rng.uniform(-0.05, 0.05, 3)
    if not how.lined:
        return picture
    towards = np.sign(brightness(ink_color) - brightness(color))
    line = np.clip(color + towards * contrast + hue, 0, 1)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for axis in range(2 if squared else 1):
        along = (np.cos(angle) * (y, x)[axis] + np.sin(angle) * (x, -y)[axis]) / spacing + phase[axis]
        distance = np.abs(along - np.floor(along + 0.5)) * spacing
        covered = np.clip(width / 2 + 0.5 - distance, 0, 1)[..., None]
        picture += covered * (line - picture)
    return picture


def light(how: Kind, rng: np.random.Generator) -> Floats:
    """How much light falls on each pixel, (height, width): a little uneven, less behind the edge of a shadow."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    slope = rng.uniform(-0.05, 0.05, 2)
    even = 1 + slope[0] * (y / HEIGHT - 0.5) + slope[1] * (x / WIDTH - 0.5)
    angle, lost, softness = rng.uniform(0, 2 * np.pi), rng.uniform(*how.shadow), rng.uniform(*how.softness)
    through = rng.uniform(0.2, 0.8, 2) * [HEIGHT, WIDTH]
    distance = np.cos(angle) * (y - through[0]) + np.sin(angle) * (x - through[1])
    t = np.clip(distance / softness + 0.5, 0, 1)
    return np.asarray(even * (1 - lost * t * t * (3 - 2 * t)))


def images_of(split: Split) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images (n, 28, 28) and labels (n,) of a split, from data/preprocessed."""
    folder = Path("data/preprocessed")
    of = json.loads((folder / "dataset.json").read_text("utf-8"))["normalization"]
    images = np.load(folder / f"{split}_images.npy", mmap_mode="r")
    pixels = as_bytes(images * of["standard_deviation"] + of["mean"])
    return pixels.reshape(-1, 28, 28), np.load(folder / f"{split}_labels.npy")


def measure(split: Split, number: int) -> None:
    """Print, for each kind, how many photographs are read right, and of how many images themselves are."""
    # The generator needs NumPy and Pillow alone.
    from digits import classifier, errors, hypotheses, pictures  # noqa: PLC0415

    images, labels = images_of(split)
    network = classifier.read_classifier(MODEL)
    say(f"{number} photographs of each kind, of {split} images; seed {SEEDS[split]}\n")
    say("| kind | read right (95 % interval) | images behind them that are classified right |\n|---|---|---|")
    shares = []
    for kind in KINDS:
        right = plain = 0
        for n in range(number):
            index = source(kind, n, split, len(images))
            file = jpeg(photograph(images[index], kind, n, split))
            plain += int(network.probabilities(images[index][None])[0].argmax() == labels[index])
            with suppress(errors.NoDigit):
                found = hypotheses.read(pictures.open_picture(file), network).probabilities
                right += int(found.argmax() == labels[index])
        shares.append(right / number)
        say(f"| {kind} | {percent(right, number)} | {plain / number:.1%} |")
    say(f"\nMean of the kinds {np.mean(shares):.2%}, least {min(shares):.1%}.")


def say(line: str) -> None:
    """Print a line as soon as it is known."""
    print(line, flush=True)  # noqa: T201


def percent(right: int, n: int) -> str:
    """A share with its interval of 95 %, after Wilson."""
    p, z = right / n, 1.96
    center, reach = p + z**2 / (2 * n), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    low, high = ((center + sign * reach) / (1 + z**2 / n) for sign in (-1, 1))
    return f"{p:.1%} ({low:.1%} to {high:.1%})"


def sheet(split: Split, path: Path, columns: int = 8) -> None:
    """Draw the first photographs of each kind, a row each."""
    images, _ = images_of(split)
    size = WIDTH * 3 // 10, HEIGHT * 3 // 10
    picture = Image.new("RGB", (columns * (size[0] + 4), len(KINDS) * (size[1] + 4)))
    for row, kind in enumerate(KINDS):
        for n in range(columns):
            one = photograph(images[source(kind, n, split, len(images))], kind, n, split)
            picture.paste(one.resize(size), (n * (size[0] + 4), row * (size[1] + 4)))
    picture.save(path)


def main() -> None:
    """Measure, or draw a sheet."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photographs")
    parser.add_argument("--test", action="store_true", help="of test images: for the docs, not for choices")
    parser.add_argument(
        "--number", type=int, default=NUMBER, help=f"of photographs of each kind, {NUMBER} if left out"
    )
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="draw some of each kind instead")
    asked = parser.parse_args()
    split: Split = "test" if asked.test else "validation"
    if asked.sheet:
        sheet(split, asked.sheet)
    else:
        measure(split, asked.number)


if __name__ == "__main__":
    main()
