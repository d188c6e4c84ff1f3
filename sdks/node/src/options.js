/** What may be said about a picture, and the fields of a form that it is sent as. */
"use strict";

const TARGET = ["mask", "bbox", "boxes", "points", "labels", "box", "prompt", "segmentation", "grow", "metadata"];
const OUTPUT = ["feather", "outputFormat", "quality", "metadataPolicy", "mode"];
const CALL = ["idempotencyKey", "cancelAfter", "signal"];

const QUOTE = new Set([...TARGET, ...OUTPUT, "signal"]);
const SUBMIT = new Set([...TARGET, ...OUTPUT, ...CALL, "webhookUrl"]);
const REMOVE = new Set([...SUBMIT, "wait", "waitTimeoutMs"]);
const SEGMENT = new Set([...TARGET, ...CALL, "waitTimeoutMs"]);

/** Fields by the names of their options. */
const JSON_FIELDS = {
  points: "points",
  labels: "labels",
  box: "box",
  segmentation: "segmentation",
  metadata: "metadata",
};
const TEXT_FIELDS = {
  prompt: "prompt",
  grow: "grow",
  feather: "feather",
  outputFormat: "output_format",
  quality: "quality",
  metadataPolicy: "metadata_policy",
  mode: "mode",
  webhookUrl: "webhook_url",
};

/** @typedef {Record<string, any>} Options */

/**
 * The options that were given. Throws `TypeError` for one that is not known: it would cost money to ignore it.
 * @param {unknown} options
 * @param {ReadonlySet<string>} known
 * @returns {Options}
 */
function given(options, known) {
  if (typeof options !== "object" || options === null) throw new TypeError("Options are an object, such as { mask }.");
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw new TypeError(`Unknown option ${JSON.stringify(name)}.${hint(name, known)}`);
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));
}

/**
 * `mask` and what goes into headers is not among them.
 * @param {Options} options
 * @returns {Record<string, string>}
 */
function fieldsOf(options) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const [name, field] of Object.entries(JSON_FIELDS)) {
    if (name in options) fields[field] = json(options[name], name);
  }
  for (const [name, field] of Object.entries(TEXT_FIELDS)) {
    if (name in options) fields[field] = text(options[name], name);
  }
  if ("points" in options && !("labels" in options)) {
    fields.labels = json(
      Array.from(options.points, () => 1),
      "labels",
    );
  }
  if ("bbox" in options) fields.bbox = json(boxOf(options.bbox, "bbox"), "bbox");
  if ("boxes" in options) {
    fields.rectangles = json(
      Array.from(options.boxes, (one) => boxOf(one, "boxes")),
      "boxes",
    );
  }
  return fields;
}

/**
 * @param {unknown} box
 * @param {string} name
 */
function boxOf(box, name) {
  if (Array.isArray(box) && box.length === 4) {
    const [x, y, width, height] = box;
    return { x, y, width, height };
  }
  if (typeof box === "object" && box !== null && !Array.isArray(box)) return box;
  throw new TypeError(`${name}: a box is [x, y, width, height], not ${JSON.stringify(box)}.`);
}

/**
 * JSON has no NaN: JavaScript would write null for it, without a word.
 * @param {unknown} value
 * @param {string} name
 * @returns {string}
 */
function json(value, name) {
  const written = JSON.stringify(value, (_, one) => {
    if (typeof one === "number" && !Number.isFinite(one)) throw new TypeError(`${name}: ${one} is not a number.`);
    return one;
  });
  if (typeof written !== "string") throw new TypeError(`${name}: ${typeof value} cannot be sent.`);
  return written;
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function text(value, name) {
  if (typeof value !== "string" && typeof value !== "number") {
    throw new TypeError(`${name}: ${typeof value} cannot be sent.`);
  }
  return String(value);
}

/**
 * @param {string} name
 * @param {ReadonlySet<string>} known
 */
function hint(name, known) {
  const camel = name.replace(/_+([a-z])/g, (_, letter) => letter.toUpperCase());
  const near = [...known]
    .map((one) => ({ one, distance: distance(camel.toLowerCase(), one.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near && near.distance <= Math.max(1, near.one.length / 3) ? ` Did you mean ${JSON.stringify(near.one)}?` : "";
}

/**
 * How many letters must be changed, added or left out.
 * @param {string} a
 * @param {string} b
 * @returns {number}
 */
function distance(a, b) {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      line[column] = Math.min(
        /** @type {number} */ (above[column]) + 1,
        /** @type {number} */ (line[column - 1]) + 1,
        /** @type {number} */ (above[column - 1]) + same,
      );
    }
    above = line;
  }
  return /** @type {number} */ (above[b.length]);
}

module.exports = { QUOTE, REMOVE, SEGMENT, SUBMIT, fieldsOf, given };
