"use strict";
// The form that MNIST's images have. The same as digits/form.py, to the byte: see there.

// The 28 x 28 image of the digit in a raster, both bytes from 0, paper, to 255, ink; null where no pixel is ink.
function toMnist(raster, width, height) {
  const rowInk = new Float64Array(height), columnInk = new Float64Array(width);
  let top = height, bottom = -1, left = width, right = -1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const ink = raster[at];
      if (ink === 0) continue;
      rowInk[y] += ink;
      columnInk[x] += ink;
      if (ink <= FORM.ink) continue;
      top = Math.min(top, y);
      bottom = y;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
  }
  if (bottom < 0) return null;
  const cell = (Math.max(bottom - top, right - left) + 1) / FORM.digit;

  // The sums of what is above and left of each corner of a pixel: the sum over any rectangle is four of them.
  const stride = width + 1, integral = new Float64Array(stride * (height + 1));
  for (let y = 0, at = 0; y < height; y++) {
    let sum = 0;
    for (let x = 0; x < width; x++, at++) {
      sum += raster[at];
      integral[(y + 1) * stride + x + 1] = integral[y * stride + x + 1] + sum;
    }
  }

  const rows = grid(rowInk, cell), columns = grid(columnInk, cell);
  const edges = FORM.side + 1, corners = new Float64Array(edges * edges);
  for (let k = 0; k < edges; k++) {
    const y = Math.min(Math.floor(rows[k]), height - 1), down = rows[k] - y;
    const between = (x) => {
      const above = integral[y * stride + x];
      return above + down * (integral[(y + 1) * stride + x] - above);
    };
    for (let m = 0; m < edges; m++) {
      const x = Math.min(Math.floor(columns[m]), width - 1), across = columns[m] - x;
      const before = between(x);
      corners[k * edges + m] = before + across * (between(x + 1) - before);
    }
  }

  const image = new Uint8Array(FORM.side * FORM.side);
  for (let k = 0; k < FORM.side; k++) {
    for (let m = 0; m < FORM.side; m++) {
      const at = k * edges + m;
      const sum = (corners[at + edges + 1] - corners[at + 1]) - (corners[at + edges] - corners[at]);
      image[k * FORM.side + m] = Math.min(Math.floor(sum / (cell * cell) + 0.5), 255);
    }
  }
  return image;
}

// The 29 edges of the image's pixels in one direction, as places in a raster of so much ink per row.
function grid(ink, cell) {
  let sum = 0, moment = 0;
  for (let i = 0; i < ink.length; i++) {
    sum += ink[i];
    moment += ink[i] * (2 * i + 1);
  }
  const first = moment / (2 * sum) - FORM.centre * cell;
  return Array.from({ length: FORM.side + 1 }, (_, k) => Math.min(Math.max(first + k * cell, 0), ink.length));
}
