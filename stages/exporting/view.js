"use strict";
// What people see: the strokes, the image and the layers of the network, the probabilities.

// A color of the style sheet as [red, green, blue], whatever the scheme makes of it.
function color(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const channels = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return channels;
}

let colors = {};
function readColors() {
  colors = Object.fromEntries(["ink", "accent", "against", "idle"].map((name) => [name, color(name)]));
}

// The strokes, at the screen's own resolution; and the pen of the keys.
function showPaper() {
  const size = Math.round(paper.clientWidth * devicePixelRatio);
  if (paper.width !== size) paper.width = paper.height = size;
  const context = paper.getContext("2d");
  context.setTransform(size / PEN.side, 0, 0, size / PEN.side, 0, 0);
  context.clearRect(0, 0, PEN.side, PEN.side);
  context.strokeStyle = context.fillStyle = `rgb(${colors.ink})`;
  context.lineWidth = 2 * PEN.radius;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(...stroke[0]);
    for (const point of stroke) context.lineTo(...point);
    context.stroke();
  }
  const keys = paper.matches(":focus-visible"), shown = keys && pen !== null;
  if (shown) {
    context.strokeStyle = `rgb(${colors.accent})`;
    context.lineWidth = 3;
    context.beginPath();
    context.arc(...pen, PEN.radius + 3, 0, 7);
    context.stroke();
  }
  const state = penIsDown ? "Space lifts the pen" : "Arrow keys move the pen, Space puts it down";
  element("pen").textContent = keys ? state : "";
  document.body.classList.toggle("drawn", strokes.length > 0 || shown);
  element("undo").setAttribute("aria-disabled", past.length === 0);
  element("clear").setAttribute("aria-disabled", strokes.length === 0);
}

// Squares in rows, as wide as the canvas; at(i) gives the color and the opacity, 0 to 1, of square i. If they are
// to stand apart, it is by a pixel, unless they are too small for that.
function showField(canvas, columns, count, apart, at) {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  if (width < columns) return; // not to be seen
  const edge = (i) => Math.round((i * width) / columns);
  const gap = apart && width >= 4 * columns ? 1 : 0;
  const picture = new ImageData(width, edge(Math.ceil(count / columns)));
  const pixels = new Uint32Array(picture.data.buffer); // bytes red, green, blue, opacity, the first the lowest
  for (let first = 0, row = 0; first < count; first += columns, row++) {
    const start = edge(row) * width;
    for (let column = 0; column < columns && first + column < count; column++) {
      const [[red, green, blue], opacity] = at(first + column);
      const pixel = ((255 * opacity) << 24) | (blue << 16) | (green << 8) | red;
      pixels.fill(pixel, start + edge(column), start + edge(column + 1) - gap);
    }
    // The other lines of pixels of these squares are as the first: copying is ten times as fast as drawing them.
    for (let y = edge(row) + 1; y < edge(row + 1) - gap; y++) pixels.copyWithin(y * width, start, start + width);
  }
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

// The hidden layers: what their activations give.
const SHOWN = PAGE.layers.flatMap(({ kind }, index) => (kind in ACTIVATIONS ? [{ index }] : []));
for (const [number, layer] of SHOWN.entries()) {
  const figure = document.createElement("figure");
  layer.canvas = document.createElement("canvas");
  layer.canvas.setAttribute("role", "img");
  layer.units = LAYERS[layer.index + 1].inputs; // of the dense layer that reads them
  layer.columns = Math.ceil(Math.sqrt(2 * layer.units));
  layer.name = SHOWN.length > 1 ? `Hidden layer ${number + 1}` : "Hidden layer";
  const caption = document.createElement("figcaption");
  caption.innerHTML = `<b>${layer.name}</b> ${layer.units.toLocaleString("en")} units`;
  figure.append(layer.canvas, caption);
  element("layers").append(figure);
}
element("layers").classList.toggle("many", SHOWN.length > 2);

function showLayers() {
  const { ink, accent, against, idle } = colors;
  const seen = element("seen");
  const image = reading ? reading.image : new Uint8Array(FORM.side ** 2);
  showField(seen, FORM.side, image.length, false, (i) => [ink, image[i] / 255]);
  seen.setAttribute("aria-label", `The image that the network sees${reading ? "" : ": empty"}`);
  for (const { index, canvas, units, columns, name } of SHOWN) {
    const values = reading ? reading.outputs[index] : new Float32Array(units);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
    let active = 0;
    for (const value of values) active += value > 0.05 * largest;
    showField(canvas, columns, units, true, (i) => {
      const strength = values[i] / largest;
      if (Math.abs(strength) < 0.05) return [idle, 0.4];
      return [strength > 0 ? accent : against, Math.sqrt(Math.abs(strength))];
    });
    canvas.setAttribute("aria-label", `${name}: ${active} of ${units} units active`);
  }
}

document.body.classList.toggle("words", CLASSES.some((name) => name.length > 2));

const bars = CLASSES.map((name) => {
  const row = element("bars").insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  row.append(head);
  const cell = row.insertCell();
  cell.innerHTML = '<span class="bar"></span><span class="share"></span>';
  return { row, bar: cell.firstChild, share: cell.lastChild };
});

function showAnswer() {
  document.body.classList.toggle("empty", !reading);
  const [best, next] = reading ? ranking() : [];
  bars.forEach(({ row, bar, share }, i) => {
    const probability = reading ? reading.probabilities[i] : 0;
    bar.style.transform = `scaleX(${probability})`;
    share.textContent = reading ? `${percent(probability)} %` : "";
    row.classList.toggle("best", i === best);
  });
  element("best").textContent = reading ? CLASSES[best] : "?";
  element("sure").textContent = "";
  element("time").textContent = reading ? `Read in ${milliseconds.toFixed(1)} ms.` : "";
  if (!reading) return;
  const sure = document.createElement("b");
  sure.textContent = `${percent(reading.probabilities[best])} %`;
  element("sure").append(sure, next === undefined ? "" : `or else ${CLASSES[next]}`);
}

// ---- The beginning ---------------------------------------------------------------------------------------------

const weights = PAGE.layers.reduce((sum, { kind, inputs, outputs, width }) =>
  sum + (kind === "dense" ? (inputs + 1) * outputs : 2 * (width ?? 0)), 0);
element("about").textContent = `${weights.toLocaleString("en")} parameters, all in this file. ` +
  "It asks nothing of the internet, and what you draw stays here.";

function showAll() {
  readColors();
  showPaper();
  showLayers();
  showAnswer();
}

for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", showAll);
}
addEventListener("resize", showAll);
read(drawStrokes(EXAMPLES[0])); // the first time takes ten times as long: not compiled yet
showAll();
