"use strict";
// How people draw: with a pointer, with keys, or with an example.

// ---- Pointers --------------------------------------------------------------------------------------------------

const paper = element("paper");
let pointer = null; // the one that draws; a second finger or the palm beside a pen does not
let sample = null; // where it was last, smoothed: a mouse tells whole pixels

function place(event) {
  const { left, top } = paper.getBoundingClientRect(), scale = PEN.side / paper.clientWidth;
  return [(event.clientX - left - paper.clientLeft) * scale, (event.clientY - top - paper.clientTop) * scale];
}

const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

// A quick hand's samples are far apart: curves, each from the middle between two of them to that between the next.
function follow(point) {
  const stroke = strokes[strokes.length - 1], from = stroke[stroke.length - 1];
  const next = middle(sample, point), to = middle(sample, next);
  const pieces = Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / 4);
  for (let piece = 1; piece <= pieces; piece++) {
    const t = piece / pieces;
    extendStroke([0, 1].map((i) => (1 - t) ** 2 * from[i] + 2 * t * (1 - t) * sample[i] + t * t * to[i]));
  }
  sample = next;
}

paper.addEventListener("pointerdown", (event) => {
  if (pointer !== null || !event.isPrimary || event.button !== 0) return;
  pointer = event.pointerId;
  paper.setPointerCapture(pointer);
  liftPen();
  pen = null;
  sample = place(event);
  beginStroke(sample);
});

paper.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  // All points since the last event, where the browser tells them.
  const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const each of events.length ? events : [event]) follow(place(each));
});

for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
  paper.addEventListener(type, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    if (type === "pointerup") extendStroke(place(event)); // the others may have no place
    say();
  });
}

// ---- Keys ------------------------------------------------------------------------------------------------------

const STEP = PEN.side / 20;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let pen = null; // the place of the pen that keys move, once they do
let penIsDown = false;

const KEYS = {
  " ": () => (penIsDown ? liftPen() : lowerPen()),
  Escape: () => liftPen(),
  Backspace: undo,
  Delete: clearPaper,
};

// Nothing is added to a stroke that has ended, whatever pointer or key goes on moving.
function endStroke() {
  pointer = null;
  liftPen();
}

function lowerPen() {
  penIsDown = true;
  beginStroke(pen);
  element("said").textContent = "Pen down";
}

function liftPen() {
  if (penIsDown) say();
  penIsDown = false;
}

function movePen([right, down]) {
  pen = [right, down].map((step, i) => Math.min(Math.max(pen[i] + step * STEP, 0), PEN.side));
  if (penIsDown) extendStroke(pen);
}

paper.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || pointer !== null) return;
  if (!(event.key in ARROWS) && !(event.key in KEYS)) return;
  event.preventDefault(); // the page would scroll
  pen ??= [PEN.side / 2, PEN.side / 4];
  if (event.key in ARROWS) movePen(ARROWS[event.key]);
  else if (!event.repeat || event.key === "Backspace") KEYS[event.key]();
  showPaper();
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    undo();
  }
});

for (const type of ["focus", "blur"]) paper.addEventListener(type, () => (liftPen(), showPaper()));
element("undo").addEventListener("click", undo);
element("clear").addEventListener("click", clearPaper);

// ---- Examples --------------------------------------------------------------------------------------------------

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const SECONDS = 0.6; // to write an example
let playing = 0;

// Writes an example as a hand would, so that one sees the answer come.
function play(example) {
  endStroke();
  change([]);
  const points = example.flatMap((stroke) => stroke.map((point, i) => ({ point, begins: i === 0 })));
  const start = performance.now();
  let drawn = 0;
  const write = (now) => {
    const share = calm.matches ? 1 : Math.min((now - start) / (1000 * SECONDS), 1);
    for (; drawn < Math.round(share * points.length); drawn++) {
      const { point, begins } = points[drawn];
      if (begins) addStroke(point);
      else extendStroke(point);
    }
    answer();
    playing = share < 1 ? requestAnimationFrame(write) : 0;
    if (!playing) say();
  };
  write(start);
}

function stopPlaying() {
  cancelAnimationFrame(playing);
  playing = 0;
}

if (HAS_DIGITS) {
  EXAMPLES.forEach((example, digit) => {
    const button = document.createElement("button");
    const path = example.map((stroke) => `M${stroke.map((point) => point.join(" ")).join("L")}`).join("");
    button.type = "button";
    button.setAttribute("aria-label", `Example ${digit}`);
    button.innerHTML = `<svg viewBox="20 20 240 240" aria-hidden="true"><path d="${path}"/></svg>`;
    button.addEventListener("click", () => play(example));
    element("examples").append(button);
  });
} else {
  element("examples").remove();
}
