/** Up to 50 pictures in one request: a batch as the site keeps it. */
"use strict";

const { randomUUID } = require("node:crypto");
const { BatchTimeout, errorOfAnswer, isObject } = require("./errors.js");
const { writeWhole } = require("./files.js");
const { HOLD_MS, WAIT_TIMEOUT_MS, answered, polled, underKey } = require("./flows.js");
const messages = require("./messages.js");
const { list, number, optionalText, readJob, text, withRaw } = require("./models.js");
const { fieldsOf } = require("./options.js");
const { readPicture } = require("./pictures.js");
const { Result, collected } = require("./results.js");

/** @typedef {import("./types").BatchFacts} BatchFacts */
/** @typedef {import("./flows.js").Site} Site */
/** @typedef {import("./messages.js").Request} Request */
/** @typedef {import("./models.js").Json} Json */
/** @typedef {Record<string, any>} Options */

const PATH = "/v1/image/remove-object/batch";
/** How often somebody who watches is told. */
const WATCH_MS = 1_000;

/** A batch, and the pictures it has made. */
class Batch {
  #site;
  #fetch;

  /**
   * @param {BatchFacts} facts
   * @param {{ site: Site, fetch: import("./results.js").Fetch }} from
   */
  constructor(facts, { site, fetch }) {
    this.facts = facts;
    this.#site = site;
    this.#fetch = fetch;
  }

  get id() {
    return this.facts.id;
  }

  get status() {
    return this.facts.status;
  }

  get isEnded() {
    return this.facts.isEnded;
  }

  get creditsUsed() {
    return this.facts.creditsUsed;
  }

  /** One line for each picture, in the order they were given. */
  get lines() {
    return this.facts.lines;
  }

  /** The lines of the pictures that are done. */
  get done() {
    return this.lines.filter((line) => line.status === "completed");
  }

  /** The lines of the pictures that ended without a result; `client.retryBatch(batch)` tries again what it can. */
  get failed() {
    return this.lines.filter((line) => ["failed", "blocked", "canceled"].includes(line.status));
  }

  /**
   * The result of a picture that is done, to be fetched by itself.
   * @param {number} index
   * @returns {Result}
   */
  result(index) {
    const line = this.lines[index];
    if (line?.status !== "completed") {
      throw new RangeError(line ? `Picture ${index} is ${line.status}.` : `There is no picture ${index}.`);
    }
    const told = list(this.facts.raw, "jobs").find((one) => one.index === index);
    return new Result(readJob({ operation: this.facts.operation, ...told }), this.#fetch);
  }

  /**
   * Fetch all results into one ZIP file, with a manifest.json, and return its path. An interrupted download leaves what
   * was there before. Rejects with `Conflict` while there is no result yet.
   * @param {string | URL} path
   * @param {import("./types").SaveOptions} [options]
   * @returns {Promise<string>}
   */
  async saveZip(path, { overwrite = true, signal } = {}) {
    return writeWhole(path, { overwrite, fill: (sink) => this.#zip(sink, signal) });
  }

  /**
   * Fetch all results as the bytes of a ZIP file (a Buffer).
   * @param {import("./types").Abortable} [options]
   * @returns {Promise<Uint8Array>}
   */
  async zip({ signal } = {}) {
    return collected((sink) => this.#zip(sink, signal));
  }

  /**
   * @param {import("./transport.js").Sink} sink
   * @param {AbortSignal | undefined} signal
   */
  async #zip(sink, signal) {
    // Not by `results_url`: it needs the key, which goes to baseUrl and nowhere else.
    const request = {
      method: "GET",
      path: `${batchPath(this.id)}/results.zip`,
      headers: { Accept: "application/zip" },
    };
    const answer = await answered(this.#site, request, signal, sink);
    if (answer.status !== 200) throw errorOfAnswer(answer);
  }
}

/**
 * A submission of many. Its Idempotency-Key is made here, once.
 * @param {Iterable<unknown>} images
 * @param {Options} options
 * @returns {Promise<Request>}
 */
async function submission(images, options) {
  return { ...(await form(images, options)), headers: messages.callHeaders(options) };
}

/**
 * @param {Iterable<unknown>} images
 * @param {Options} options
 * @returns {Promise<Request>}
 */
async function question(images, options) {
  const request = await form(images, options);
  return { ...request, fields: { ...request.fields, dry_run: "true" } };
}

/**
 * Submit, and return the batch as it was accepted.
 * @param {Site} site
 * @param {Request} request
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<BatchFacts>}
 */
function submitted(site, request, signal) {
  return underKey(request, async () => messages.told(await answered(site, request, signal), readBatch));
}

/**
 * How a batch stands.
 * @param {Site} site
 * @param {string} id
 * @param {{ waitMs?: number, signal?: AbortSignal | undefined }} how
 * @returns {Promise<BatchFacts>}
 */
async function stands(site, id, { waitMs = 0, signal }) {
  return messages.told(await answered(site, messages.look(batchPath(id), waitMs), signal), readBatch);
}

/**
 * Return the batch once all of it has ended. Rejects with `BatchTimeout`.
 * @param {Site} site
 * @param {BatchFacts} facts
 * @param {import("./types").WaitBatchOptions} how
 * @returns {Promise<BatchFacts>}
 */
async function ended(site, facts, { waitTimeoutMs = WAIT_TIMEOUT_MS, signal, onProgress }) {
  let last = "";
  /** @param {BatchFacts} found */
  const noted = (found) => {
    const stand = JSON.stringify([found.progress, found.counts]);
    if (stand !== last) onProgress?.(found);
    last = stand;
    return found;
  };
  const look = async (/** @type {number} */ waitMs) => noted(await stands(site, facts.id, { waitMs, signal }));
  const holdMs = onProgress ? WATCH_MS : HOLD_MS;
  const found = await polled(
    site,
    { first: noted(facts), look, holdMs },
    { deadline: site.now() + waitTimeoutMs, signal },
  );
  if (!found.isEnded) throw new BatchTimeout(found);
  return keepRetried(found, facts);
}

/**
 * Submit again what failed.
 * @param {Site} site
 * @param {string} id
 * @param {Options} options
 * @returns {Promise<BatchFacts>}
 */
function retried(site, id, { idempotencyKey = randomUUID(), signal }) {
  const headers = messages.callHeaders({ idempotencyKey });
  return submitted(site, { method: "POST", path: `${batchPath(id)}/retry`, headers }, signal);
}

/**
 * @param {Iterable<unknown>} images
 * @param {Options} options
 * @returns {Promise<Request>}
 */
async function form(images, options) {
  const fields = fieldsOf(options);
  const items = Array.from(images, pairOf);
  if (!items.length) throw new TypeError("A batch is a list of at least one picture.");
  const own = items.filter((item) => item.mask !== undefined);
  if (own.length && (own.length < items.length || "mask" in options)) {
    throw new TypeError("Either every picture of a batch brings its own mask, or there is one `mask` for all.");
  }
  /** @type {[string, import("./pictures.js").Upload][]} */
  const files = [];
  for (const { image } of items) files.push(["images", await readUpload(image)]);
  for (const { mask } of own) files.push(["masks", await readUpload(mask)]);
  if ("mask" in options) files.push(["masks", await readUpload(options.mask)]);
  return { method: "POST", path: PATH, fields, files };
}

/**
 * @param {unknown} item
 * @returns {{ image: unknown, mask?: unknown }}
 */
function pairOf(item) {
  if (!isObject(item) || !("image" in item)) return { image: item };
  for (const name of Object.keys(item)) {
    if (name !== "image" && name !== "mask") {
      throw new TypeError(`A picture of a batch has no option ${JSON.stringify(name)} of its own: see removeMany.`);
    }
  }
  return /** @type {{ image: unknown, mask?: unknown }} */ (item);
}

/** @param {unknown} picture */
async function readUpload(picture) {
  const found = await readPicture(picture);
  if ("address" in found) throw new TypeError("A batch takes no addresses: give them to removeObject or removeMany.");
  return found;
}

/** @param {string} id */
function batchPath(id) {
  if (typeof id !== "string" || !id) throw new TypeError("A batch is named by its id, or is a Batch.");
  return `/v1/batches/${encodeURIComponent(id)}`;
}

/**
 * A batch that is asked about again says no more what was retried.
 * @param {BatchFacts} found
 * @param {BatchFacts} first
 * @returns {BatchFacts}
 */
function keepRetried(found, first) {
  return withRaw(found.raw, { ...found, retried: first.retried, notRetried: first.notRetried });
}

/**
 * @param {Json} told
 * @returns {BatchFacts}
 */
function readBatch(told) {
  const status = /** @type {BatchFacts["status"]} */ (text(told, "status"));
  if (!isObject(told.counts)) throw new TypeError("`counts` is no object");
  return withRaw(told, {
    id: text(told, "id"),
    status,
    operation: text(told, "operation"),
    total: number(told, "total"),
    accepted: number(told, "accepted"),
    refused: number(told, "refused"),
    counts: /** @type {import("./types").JobCounts} */ (told.counts),
    progress: number(told, "progress"),
    creditsUsed: number(told, "credits_used"),
    createdAt: dateOf(told, "created_at"),
    endedAt: dateOf(told, "ended_at"),
    sandbox: told.sandbox === true,
    isEnded: status !== "queued" && status !== "processing",
    lines: list(told, "jobs").map(readLine),
    retried: /** @type {number[]} */ (Array.isArray(told.retried) ? told.retried : []),
    notRetried: (Array.isArray(told.not_retried) ? told.not_retried : []).map((/** @type {Json} */ line) => ({
      index: number(line, "index"),
      filename: text(line, "filename"),
      error: /** @type {import("./types").LineError} */ (errorIn(line)),
    })),
  });
}

/** @param {Json} line */
function readLine(line) {
  return {
    index: number(line, "index"),
    filename: text(line, "filename"),
    jobId: optionalText(line, "id"),
    status: /** @type {import("./types").JobStatus} */ (text(line, "status")),
    progress: number(line, "progress"),
    creditsUsed: number(line, "credits_used"),
    outputUrl: optionalText(line, "output_url"),
    error: errorIn(line),
    warnings: warningsOf(line),
  };
}

/**
 * @param {Json} told
 * @returns {import("./types").BatchQuote}
 */
function readBatchQuote(told) {
  return withRaw(told, {
    operation: text(told, "operation"),
    credits: number(told, "credits"),
    creditsEach: number(told, "credits_each"),
    creditsRemaining: number(told, "credits_remaining"),
    total: number(told, "total"),
    accepted: number(told, "accepted"),
    refused: number(told, "refused"),
    wouldBeAccepted: told.would_be_accepted === true,
    lines: list(told, "jobs").map((line) => ({
      index: number(line, "index"),
      filename: text(line, "filename"),
      wouldBeAccepted: line.would_be_accepted === true,
      refusal: isObject(line.refusal)
        ? { code: text(line.refusal, "code"), detail: text(line.refusal, "detail") }
        : null,
      warnings: warningsOf(line),
    })),
  });
}

/** @param {Json} line */
function errorIn(line) {
  return isObject(line.error) ? { code: text(line.error, "code"), message: text(line.error, "message") } : null;
}

/**
 * @param {Json} line
 * @returns {string[]}
 */
function warningsOf(line) {
  return Array.isArray(line.warnings) ? line.warnings.map(String) : [];
}

/**
 * @param {Json} told
 * @param {string} name
 */
function dateOf(told, name) {
  return typeof told[name] === "string" ? new Date(told[name]) : null;
}

module.exports = { Batch, ended, question, readBatchQuote, retried, stands, submission, submitted };
