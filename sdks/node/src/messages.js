/** Requests as plain data. The API key is in none of them: the client adds it when it sends. */
"use strict";

const { randomUUID } = require("node:crypto");
const { UnexpectedAnswer, errorOfAnswer, isObject } = require("./errors.js");
const { fieldsOf } = require("./options.js");
const { readPicture } = require("./pictures.js");

/** @typedef {import("./pictures.js").Upload} Upload */
/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} [params]
 * @property {Record<string, string>} [headers]
 * @property {Record<string, string>} [fields]
 * @property {(readonly [string, Upload])[]} [files]
 * @property {object} [json]
 * @property {number} [holdsMs] How long the site may keep the answer back, because it was asked to wait.
 */
/** @typedef {{ status: number, headers: import("./errors.js").ReadableHeaders, content: Uint8Array }} Answer */
/** @typedef {Record<string, any>} Options */

const REMOVE_PATH = "/v1/image/remove-object";
const SEGMENT_PATH = "/v1/image/segment";
/** The site answers no later, in seconds. */
const WAIT_S_MAX = 60;

/**
 * A submission. Its Idempotency-Key is made here, once, so that every try carries the same.
 * @param {string} path
 * @param {unknown} image
 * @param {Options} options
 * @returns {Promise<Request>}
 */
async function submission(path, image, options) {
  const headers = callHeaders(options);
  return { ...(await form(path, image, options)), headers };
}

/**
 * @param {Options} options
 * @returns {Record<string, string>}
 */
function callHeaders(options) {
  /** @type {Record<string, string>} */
  const headers = { "Idempotency-Key": printable(options.idempotencyKey ?? randomUUID(), "idempotencyKey") };
  if ("cancelAfter" in options) headers["Cancel-After"] = printable(options.cancelAfter, "cancelAfter");
  return headers;
}

/**
 * A submission that is only asked about.
 * @param {unknown} image
 * @param {Options} options
 * @returns {Promise<Request>}
 */
async function quote(image, options) {
  const request = await form(REMOVE_PATH, image, options);
  return { ...request, fields: { ...request.fields, dry_run: "true" } };
}

/**
 * The same submission, answered with the ended job if it ends in time.
 * @param {Request} request
 * @param {number} milliseconds
 * @returns {Request}
 */
function held(request, milliseconds) {
  const seconds = wholeSeconds(milliseconds);
  return { ...request, headers: { ...request.headers, Prefer: `wait=${seconds}` }, holdsMs: seconds * 1000 };
}

/**
 * @param {string} path
 * @param {number} [waitMs]
 * @returns {Request}
 */
function look(path, waitMs = 0) {
  const seconds = wholeSeconds(waitMs);
  return { method: "GET", path, params: seconds ? { wait: String(seconds) } : {}, holdsMs: seconds * 1000 };
}

/**
 * @param {string} id
 * @param {number} [waitMs]
 */
function oneJob(id, waitMs) {
  return look(jobPath(id), waitMs);
}

/**
 * Cancels a queued job, and deletes the images of an ended one: what it does depends on when it arrives.
 * @param {string} id
 * @returns {Request}
 */
function deletion(id) {
  return { method: "DELETE", path: jobPath(id) };
}

/**
 * What an answer tells. Throws the `ApiError` that it stands for.
 * @template T
 * @param {Answer} answer
 * @param {(told: Record<string, any>) => T} read
 * @returns {T}
 */
function told(answer, read) {
  if (answer.status < 200 || answer.status >= 300) throw errorOfAnswer(answer);
  try {
    const body = JSON.parse(new TextDecoder().decode(answer.content));
    if (!isObject(body)) throw new TypeError("no object");
    return read(body);
  } catch (error) {
    const message = `This is not an answer of Pixelsite's (${/** @type {Error} */ (error).message}). Look at baseUrl.`;
    const facts = { status: answer.status, code: "unexpected_answer", requestId: answer.headers.get("x-request-id") };
    throw new UnexpectedAnswer(message, facts);
  }
}

/**
 * @param {string} path
 * @param {unknown} image
 * @param {Options} options
 * @returns {Promise<Request>}
 */
async function form(path, image, options) {
  const fields = fieldsOf(options);
  /** @type {[string, Upload][]} */
  const files = [];
  for (const [name, picture] of [["image", image], ...("mask" in options ? [["mask", options.mask]] : [])]) {
    const found = await readPicture(picture);
    if ("address" in found) fields[`${name}_url`] = found.address;
    else files.push([/** @type {string} */ (name), found]);
  }
  return { method: "POST", path, fields, files };
}

/**
 * @param {unknown} written
 * @param {string} name
 * @returns {string}
 */
function printable(written, name) {
  if (typeof written !== "string" || !/^[\x20-\x7e]{1,255}$/.test(written)) {
    throw new TypeError(`${name} is 1 to 255 printable ASCII characters.`);
  }
  return written;
}

/** @param {string} id */
function jobPath(id) {
  if (typeof id !== "string" || !id) throw new TypeError("A job is named by its id, or is a job of this client.");
  return `/v1/image/${encodeURIComponent(id)}`;
}

/** @param {number} milliseconds */
function wholeSeconds(milliseconds) {
  return Math.max(0, Math.min(WAIT_S_MAX, Math.floor(milliseconds / 1000)));
}

module.exports = { REMOVE_PATH, SEGMENT_PATH, callHeaders, deletion, held, look, oneJob, quote, submission, told };
