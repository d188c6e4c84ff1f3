/** What a site tells, read from JSON. What is not there is null, so that a newer or older site is understood too. */
"use strict";

const { isObject } = require("./errors.js");

const ENDED = new Set(["completed", "failed", "blocked", "canceled"]);

/** @typedef {Readonly<Record<string, any>>} Json */

/**
 * A job: an answer of the site, or `data` of a webhook's event. Throws for anything else.
 * @param {Json} told
 * @returns {import("./types").Job}
 */
function readJob(told) {
  const status = /** @type {import("./types").JobStatus} */ (text(told, "status"));
  return withRaw(told, {
    id: text(told, "id"),
    status,
    operation: text(told, "operation"),
    creditsUsed: number(told, "credits_used"),
    outputUrl: optionalText(told, "output_url"),
    progress: optionalNumber(told, "progress") ?? 0,
    stage: optionalText(told, "stage"),
    placeInLine: optionalNumber(told, "place_in_line"),
    error: isObject(told.error) ? { code: text(told.error, "code"), message: text(told.error, "message") } : null,
    review: optionalText(told, "review"),
    width: optionalNumber(told, "width"),
    height: optionalNumber(told, "height"),
    engine: optionalText(told, "engine"),
    receipt: optionalObject(told, "receipt"),
    selection: optionalObject(told, "selection"),
    metadata: optionalObject(told, "metadata"),
    createdAt: moment(told, "created_at"),
    startedAt: moment(told, "started_at"),
    endedAt: moment(told, "ended_at"),
    sandbox: told.sandbox === true,
    warnings: warnings(told),
    isEnded: ENDED.has(status),
  });
}

/**
 * @param {Json} told
 * @returns {import("./types").Balance}
 */
function readBalance(told) {
  return withRaw(told, {
    creditsRemaining: number(told, "credits_remaining"),
    creditsHeld: optionalNumber(told, "credits_held") ?? 0,
    plan: text(told, "plan"),
    email: text(told, "email"),
  });
}

/**
 * @param {Json} told
 * @returns {import("./types").Quote}
 */
function readQuote(told) {
  const refusal = told.refusal;
  return withRaw(told, {
    operation: text(told, "operation"),
    credits: number(told, "credits"),
    creditsRemaining: number(told, "credits_remaining"),
    wouldBeAccepted: told.would_be_accepted === true,
    refusal: isObject(refusal) ? { code: text(refusal, "code"), detail: text(refusal, "detail") } : null,
    warnings: warnings(told),
  });
}

/**
 * @param {Json} told
 * @returns {import("./types").UsageLine}
 */
function readUsageLine(told) {
  return withRaw(told, {
    id: text(told, "id"),
    operation: text(told, "operation"),
    status: /** @type {import("./types").JobStatus} */ (text(told, "status")),
    creditsUsed: number(told, "credits_used"),
    model: optionalText(told, "model"),
    outputUrl: optionalText(told, "output_url"),
    createdAt: moment(told, "created_at"),
    sandbox: told.sandbox === true,
  });
}

/**
 * Some lines, and the cursor of the next ones.
 * @param {Json} told
 */
function readUsagePage(told) {
  const lines = list(told, "results").map(readUsageLine);
  if (told.next === null) return { lines, cursor: null };
  // Only the cursor of the address is used: the key goes to baseUrl and nowhere else.
  const cursor = new URL(text(told, "next")).searchParams.get("cursor");
  if (!cursor) throw new TypeError("`next` has no cursor");
  return { lines, cursor };
}

/**
 * @param {Json} told
 * @returns {import("./types").Model[]}
 */
function readModels(told) {
  return list(told, "models").map((line) =>
    withRaw(line, {
      operation: text(line, "operation"),
      title: text(line, "title"),
      endpoint: text(line, "endpoint"),
      credits: number(line, "credits"),
      typicalSeconds: line.typical_seconds === null ? null : number(line, "typical_seconds"),
      engine: optionalText(line, "engine"),
      device: optionalText(line, "device"),
      available: line.available === true,
    }),
  );
}

/**
 * `raw` is there for whoever asks, and does not fill logs.
 * @template {object} T
 * @param {Json} told
 * @param {T} read
 * @returns {T & { readonly raw: Json }}
 */
function withRaw(told, read) {
  Object.defineProperty(read, "raw", { value: told, enumerable: false });
  return /** @type {T & { readonly raw: Json }} */ (Object.freeze(read));
}

/**
 * @param {Json} told
 * @param {string} name
 * @returns {string}
 */
function text(told, name) {
  if (typeof told[name] !== "string") throw new TypeError(`\`${name}\` is not text`);
  return told[name];
}

/**
 * @param {Json} told
 * @param {string} name
 * @returns {number}
 */
function number(told, name) {
  if (typeof told[name] !== "number") throw new TypeError(`\`${name}\` is not a number`);
  return told[name];
}

/**
 * @param {Json} told
 * @param {string} name
 * @returns {Json[]}
 */
function list(told, name) {
  if (!Array.isArray(told[name])) throw new TypeError(`\`${name}\` is not a list`);
  return told[name];
}

/**
 * @param {Json} told
 * @param {string} name
 * @returns {string | null}
 */
function optionalText(told, name) {
  return typeof told[name] === "string" ? told[name] : null;
}

/**
 * @param {Json} told
 * @param {string} name
 * @returns {number | null}
 */
function optionalNumber(told, name) {
  return typeof told[name] === "number" ? told[name] : null;
}

/**
 * @param {Json} told
 * @param {string} name
 * @returns {Record<string, any> | null}
 */
function optionalObject(told, name) {
  return isObject(told[name]) ? told[name] : null;
}

/**
 * @param {Json} told
 * @param {string} name
 */
function moment(told, name) {
  const written = told[name];
  if (typeof written !== "string") return null;
  const read = new Date(written);
  if (Number.isNaN(read.getTime())) throw new TypeError(`\`${name}\` is not a time`);
  return read;
}

/**
 * @param {Json} told
 * @returns {string[]}
 */
function warnings(told) {
  return Array.isArray(told.warnings) ? told.warnings.map(String) : [];
}

module.exports = {
  list,
  number,
  optionalNumber,
  optionalText,
  readBalance,
  readJob,
  readModels,
  readQuote,
  readUsagePage,
  text,
  withRaw,
};
