"use strict";
// Strokes of a round pen, drawn into a raster. The same as digits/strokes.py, to the byte: see there.

// A raster (side x side bytes) of strokes, each a list of points [x, y].
function drawStrokes(strokes, radius = PEN.radius, side = PEN.side) {
  const raster = new Uint8Array(side * side);
  for (const stroke of strokes) {
    if (stroke.length === 1) drawSegment(raster, stroke[0], stroke[0], radius, side);
    for (let i = 1; i < stroke.length; i++) drawSegment(raster, stroke[i - 1], stroke[i], radius, side);
  }
  return raster;
}

// Darken the pixels near a segment: by 255 up to radius - 1/2 from it, by nothing from radius + 1/2 on.
function drawSegment(raster, [ax, ay], [bx, by], radius = PEN.radius, side = PEN.side) {
  const [left, right] = reach(ax, bx, radius, side), [top, bottom] = reach(ay, by, radius, side);
  const dx = bx - ax, dy = by - ay, squared = dx * dx + dy * dy;
  for (let row = top; row < bottom; row++) {
    const y = row + 0.5 - ay;
    for (let column = left; column < right; column++) {
      const x = column + 0.5 - ax;
      const along = squared > 0 ? Math.min(Math.max((x * dx + y * dy) / squared, 0), 1) : 0;
      const across = x - along * dx, down = y - along * dy;
      // Math.sqrt: the rounding of Math.hypot is not prescribed.
      const ink = Math.min(Math.max(radius + 0.5 - Math.sqrt(across * across + down * down), 0), 1);
      const value = Math.floor(255 * ink + 0.5), at = row * side + column;
      if (value > raster[at]) raster[at] = value;
    }
  }
}

// The first and the last but one row (or column) that a segment between two places may darken.
function reach(one, other, radius, side) {
  const first = Math.min(one, other) - radius - 1, last = Math.max(one, other) + radius + 1;
  return [Math.min(Math.max(Math.floor(first), 0), side), Math.min(Math.max(Math.ceil(last), 0), side)];
}
