"use strict";
// The network: layers as nn/ has them, for one image.

// The layers of a description, with their numbers: float16 in base64, one tensor after the other, in their order.
function readLayers(descriptions, scales, base64) {
  const bytes = atob(base64), halves = float16Table();
  let at = 0, tensors = 0;
  const next = (size) => {
    const scale = scales[tensors++], tensor = new Float32Array(size);
    for (let i = 0; i < size; i++, at += 2) {
      tensor[i] = halves[bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8)] * scale;
    }
    return tensor;
  };
  return descriptions.map((layer) => {
    if (layer.kind === "dense") {
      return { ...layer, weight: next(layer.inputs * layer.outputs), bias: next(layer.outputs) };
    }
    if (layer.kind === "layer_norm") return { ...layer, weight: next(layer.width), bias: next(layer.width) };
    return layer;
  });
}

// The value of each of the 65,536 float16 numbers: sign, 5 bits of exponent, 10 bits of fraction.
function float16Table() {
  return Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  });
}

// What every layer gives for an image of 784 bytes, the last of them the logits.
function forward(layers, image) {
  const { mean, standard_deviation } = PAGE.normalization;
  let x = Float32Array.from(image, (ink) => (ink / 255 - mean) / standard_deviation);
  return layers.map((layer) => {
    if (layer.kind === "dense") x = dense(layer, x);
    else if (layer.kind === "layer_norm") x = layerNorm(layer, x);
    else x = x.map(ACTIVATIONS[layer.kind]);
    return x;
  });
}

// y = W x + b, with W (outputs, inputs) row by row.
function dense({ inputs, outputs, weight, bias }, x) {
  const y = new Float32Array(outputs);
  for (let row = 0, at = 0; row < outputs; row++) {
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += weight[at++] * x[i];
    y[row] = sum + bias[row];
  }
  return y;
}

// y = gain (x - mean) / sqrt(variance + epsilon) + shift
function layerNorm({ weight: gain, bias: shift }, x) {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const scale = 1 / Math.sqrt(variance + PAGE.layer_norm_epsilon);
  return x.map((value, i) => gain[i] * scale * (value - mean) + shift[i]);
}

const ACTIVATIONS = {
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x) => Math.max(x, PAGE.leaky_relu_slope * x),
  gelu: (x) => (x * (1 + Math.tanh(PAGE.gelu_c * x * (1 + PAGE.gelu_a * x * x)))) / 2,
  tanh: Math.tanh,
  sigmoid: (x) => (1 + Math.tanh(x / 2)) / 2,
};

// p = exp(logits) / sum of exp(logits); the largest is subtracted first, so that exp cannot overflow.
function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
