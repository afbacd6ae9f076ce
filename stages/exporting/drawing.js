"use strict";
// The drawing, strokes in a fixed square whatever the screen, and its answer, which follows every change.

const element = (id) => document.getElementById(id);
const LAYERS = readLayers(PAGE.layers, PAGE.scales, element("weights").textContent);
const CLASSES = PAGE.classes;
const HAS_DIGITS = CLASSES.join() === "0,1,2,3,4,5,6,7,8,9";

let strokes = []; // each a list of points [x, y], x to the right and y down, from 0 to PEN.side; the last may grow
let raster = drawStrokes([]); // of these strokes
let past = []; // what `strokes` was before each change, for undo
let frame = 0; // the request for the next answer

// Another drawing, in whole.
function setStrokes(next) {
  stopPlaying();
  strokes = next;
  raster = drawStrokes(strokes);
  answerSoon();
}

function change(next) {
  past.push(strokes);
  setStrokes(next);
}

function addStroke(point) {
  strokes = [...strokes, [point]];
  drawSegment(raster, point, point);
  answerSoon();
}

function beginStroke(point) {
  stopPlaying();
  past.push(strokes);
  addStroke(point);
}

function extendStroke(point) {
  const stroke = strokes[strokes.length - 1];
  drawSegment(raster, stroke[stroke.length - 1], point);
  stroke.push(point);
  answerSoon();
}

function undo() {
  endStroke();
  if (past.length === 0) return;
  setStrokes(past.pop());
  say();
}

function clearPaper() {
  endStroke();
  if (strokes.length === 0) return;
  change([]);
  say();
}

// ---- The answer ------------------------------------------------------------------------------------------------

// The image of a raster, what each layer makes of it, and the probabilities; null where there is no digit.
function read(pixels) {
  const image = toMnist(pixels, PEN.side, PEN.side);
  if (image === null) return null;
  const outputs = forward(LAYERS, image);
  return { image, outputs, probabilities: softmax(outputs[outputs.length - 1]) };
}

let reading = null;
let milliseconds = 0; // that it took

// At most once for each picture that the screen shows.
function answerSoon() {
  if (!frame) frame = requestAnimationFrame(answer);
}

function answer() {
  cancelAnimationFrame(frame);
  frame = 0;
  const start = performance.now();
  reading = read(raster);
  milliseconds = performance.now() - start;
  showPaper();
  showLayers();
  showAnswer();
}

// Classes from the most to the least probable.
function ranking() {
  return CLASSES.map((_, i) => i).sort((i, j) => reading.probabilities[j] - reading.probabilities[i]);
}

function percent(probability) {
  if (probability > 0 && probability < 0.005) return "<1";
  return probability > 0.995 && probability < 1 ? ">99" : (100 * probability).toFixed(0);
}

// Read aloud once a stroke ends, not at each of its points.
function say() {
  if (frame) answer();
  let text = "Nothing drawn";
  if (reading) {
    const [best, next] = ranking().map((i) => `${CLASSES[i]}, ${percent(reading.probabilities[i])} percent`);
    text = next ? `${best}; next ${next}` : best;
  }
  element("said").textContent = text;
  element("paper").setAttribute("aria-label", `Paper. ${text}`);
}
