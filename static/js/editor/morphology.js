// The painted mask made larger or smaller by a few pixels, as one area at the preview's size.
//
// Exact Euclidean distances in two passes of lower envelopes of parabolas: Felzenszwalb & Huttenlocher 2012,
// "Distance Transforms of Sampled Functions".

/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./marks.js").Area} Area */

const FAR = 1e12;
const STEP_OF_DIAGONAL = 1 / 400; // one press changes the mask by a step that is seen, whatever the photo's size

/**
 * @param {Mark[]} round  what is painted
 * @param {{width: number, height: number, shrink: number}} photo
 * @param {typeof import("./marks.js").drawMark} drawMark
 * @param {1 | -1} direction  larger or smaller
 * @returns {Area}
 */
export function resized(round, { width, height, shrink }, drawMark, direction) {
  const picture = new OffscreenCanvas(Math.ceil(width * shrink), Math.ceil(height * shrink));
  const context = picture.getContext("2d", { willReadFrequently: true });
  context.setTransform(shrink, 0, 0, shrink, 0, 0);
  for (const mark of round) drawMark(context, mark, "#fff");
  const pixels = context.getImageData(0, 0, picture.width, picture.height);
  const step = Math.max(2, Math.round(Math.hypot(picture.width, picture.height) * STEP_OF_DIAGONAL));
  move(pixels, step, direction);
  context.putImageData(pixels, 0, 0);
  return { erases: false, isAll: true, picture, left: 0, top: 0, width: picture.width / shrink, height: picture.height / shrink };
}

/** Moves the edge of what is opaque. @param {ImageData} pixels @param {number} step @param {1 | -1} direction */
function move({ data, width, height }, step, direction) {
  const grows = direction > 0;
  const squared = new Float64Array(width * height);
  for (let i = 0; i < squared.length; i++) squared[i] = data[4 * i + 3] >= 128 === grows ? 0 : FAR;
  measure(squared, width, height);
  for (let i = 0; i < squared.length; i++) {
    const isNear = squared[i] <= step * step;
    data[4 * i + 3] = isNear === grows ? 255 : 0;
  }
}

/** Replaces 0 and FAR by squared distances to the nearest 0, in place. @param {Float64Array} squared @param {number} width @param {number} height */
function measure(squared, width, height) {
  const line = envelope(Math.max(width, height));
  for (let x = 0; x < width; x++) line(squared, x, width, height);
  for (let y = 0; y < height; y++) line(squared, y * width, 1, width);
}

/** @param {number} longest @returns {(values: Float64Array, start: number, stride: number, count: number) => void} */
function envelope(longest) {
  const value = new Float64Array(longest);
  const at = new Int32Array(longest);
  const from = new Float64Array(longest + 1);
  return (values, start, stride, count) => {
    for (let i = 0; i < count; i++) value[i] = values[start + i * stride];
    let last = 0;
    at[0] = 0;
    from[0] = -Infinity;
    from[1] = Infinity;
    for (let i = 1; i < count; i++) {
      let cut = meeting(value, at[last], i);
      while (cut <= from[last]) cut = meeting(value, at[--last], i);
      at[++last] = i;
      from[last] = cut;
      from[last + 1] = Infinity;
    }
    for (let i = 0, k = 0; i < count; i++) {
      while (from[k + 1] < i) k++;
      values[start + i * stride] = (i - at[k]) ** 2 + value[at[k]];
    }
  };
}

/** Where two parabolas meet. @param {Float64Array} value @param {number} a @param {number} b */
const meeting = (value, a, b) => (value[b] + b * b - (value[a] + a * a)) / (2 * b - 2 * a);
