/** The client. */
"use strict";

const batches = require("./batches.js");
const flows = require("./flows.js");
const { eachOf } = require("./many.js");
const messages = require("./messages.js");
const models = require("./models.js");
const { QUOTE, REMOVE, SEGMENT, SUBMIT, given } = require("./options.js");
const { Result } = require("./results.js");
const { Transport } = require("./transport.js");

/** @typedef {import("./types").Job} Job */
/** @typedef {import("./types").Picture} Picture */
/** @typedef {import("./types").Abortable} Abortable */
/** @typedef {import("./messages.js").Request} Request */
/** @typedef {import("./batches.js").Batch} Batch */
/** @typedef {AbortSignal | undefined} Signal */

const WATCH = ["onProgress", "waitTimeoutMs"];
const BATCH = new Set([...SUBMIT, ...WATCH]);
const RETRY_BATCH = new Set([...WATCH, "idempotencyKey", "signal"]);
const WAIT_BATCH = new Set([...WATCH, "signal"]);
const USAGE = new Set(["status", "operation", "since", "until", "pageSize", "signal"]);

/** A site, and the key to it. */
class Pixelsite {
  #site;

  /**
   * `apiKey` and `baseUrl` default to PIXELSITE_API_KEY and PIXELSITE_BASE_URL. Throws `ConfigurationError`.
   * @param {import("./types").Settings} [settings]
   */
  constructor(settings = {}) {
    this.#site = new Transport(settings);
  }

  /** Address of the site. */
  get baseUrl() {
    return this.#site.baseUrl;
  }

  /**
   * Remove what is pointed at, and return the result; with `wait: false` the job, as `submit` does.
   *
   * Point with `mask`, `bbox`, `boxes`, `points` (and `labels`), `box`, `segmentation`, `prompt`, alone or together.
   * Rejects with `ApiError`, `JobNotDone`, `WaitTimeout`, `ConnectionFailed`.
   * @overload
   * @param {Picture} image
   * @param {import("./types").RemoveOptions & { wait: false }} options
   * @returns {Promise<Job>}
   */
  /**
   * @overload
   * @param {Picture} image
   * @param {import("./types").RemoveOptions & { wait?: true | undefined }} options
   * @returns {Promise<Result>}
   */
  /**
   * @param {Picture} image
   * @param {import("./types").RemoveOptions} options
   * @returns {Promise<Result | Job>}
   */
  async removeObject(image, options) {
    const { wait = true, waitTimeoutMs, signal, ...said } = given(options ?? {}, REMOVE);
    const request = await messages.submission(messages.REMOVE_PATH, image, said);
    if (!wait) return flows.submitted(this.#site, request, signal);
    return this.#result(await flows.finished(this.#site, request, { waitTimeoutMs, signal }));
  }

  /**
   * Submit a removal and return at once.
   * @param {Picture} image
   * @param {import("./types").SubmitOptions} options
   * @returns {Promise<Job>}
   */
  async submit(image, options) {
    const { signal, ...said } = given(options ?? {}, SUBMIT);
    return flows.submitted(this.#site, await messages.submission(messages.REMOVE_PATH, image, said), signal);
  }

  /**
   * Find what is pointed at, free of charge: the result is the mask, white on black.
   * @param {Picture} image
   * @param {import("./types").SegmentOptions} options
   * @returns {Promise<Result>}
   */
  async segment(image, options) {
    const { waitTimeoutMs, signal, ...said } = given(options ?? {}, SEGMENT);
    const request = await messages.submission(messages.SEGMENT_PATH, image, said);
    return this.#result(await flows.finished(this.#site, request, { waitTimeoutMs, signal }));
  }

  /**
   * What a removal would cost, and whether it would be accepted now. Nothing is stored or charged.
   * @param {Picture} image
   * @param {import("./types").QuoteOptions} options
   * @returns {Promise<import("./types").Quote>}
   */
  async quote(image, options) {
    const { signal, ...said } = given(options ?? {}, QUOTE);
    return this.#told(await messages.quote(image, said), models.readQuote, signal);
  }

  /**
   * How a job stands.
   * @param {string} jobId
   * @param {Abortable} [options]
   * @returns {Promise<Job>}
   */
  async get(jobId, { signal } = {}) {
    return this.#told(messages.oneJob(jobId), models.readJob, signal);
  }

  /**
   * Wait for a job, or the id of one, and return its result. Rejects with `JobNotDone`, `WaitTimeout`.
   * @param {Job | string} job
   * @param {import("./types").Waiting} [options]
   * @returns {Promise<Result>}
   */
  async wait(job, options = {}) {
    return this.#result(await flows.waited(this.#site, job, options));
  }

  /**
   * Cancel a queued job; one that has ended is returned as it is. Rejects with `Conflict` for one that is worked on.
   * @param {Job | string} job
   * @param {Abortable} [options]
   * @returns {Promise<Job>}
   */
  async cancel(job, { signal } = {}) {
    return flows.canceled(this.#site, idOf(job), signal);
  }

  /**
   * Delete the images of a job that has ended, before their time. Rejects with `Conflict` for one that has not.
   * @param {Job | string} job
   * @param {Abortable} [options]
   * @returns {Promise<Job>}
   */
  async delete(job, { signal } = {}) {
    return flows.deleted(this.#site, idOf(job), signal);
  }

  /**
   * Credits left, plan and address of the account.
   * @param {Abortable} [options]
   * @returns {Promise<import("./types").Balance>}
   */
  async balance({ signal } = {}) {
    return this.#told({ method: "GET", path: "/v1/account/balance" }, models.readBalance, signal);
  }

  /**
   * Every operation with its price and the engine that serves it now.
   * @param {Abortable} [options]
   * @returns {Promise<import("./types").Model[]>}
   */
  async models({ signal } = {}) {
    return this.#told({ method: "GET", path: "/v1/models" }, models.readModels, signal);
  }

  /**
   * The account's jobs, the newest first, fetched page by page as they are asked for.
   * @param {import("./types").UsageOptions} [options]
   * @returns {AsyncGenerator<import("./types").UsageLine, void, undefined>}
   */
  async *usage(options = {}) {
    const { signal, since, until, pageSize = 100, ...filters } = given(options, USAGE);
    /** @type {Record<string, string>} */
    const params = { ...filters, limit: String(pageSize) };
    if (since) params.since = since.toISOString();
    if (until) params.until = until.toISOString();
    for (;;) {
      const page = await this.#told({ method: "GET", path: "/v1/account/usage", params }, models.readUsagePage, signal);
      yield* page.lines;
      if (page.cursor === null) return;
      params.cursor = page.cursor;
    }
  }

  /**
   * Remove from up to 50 pictures in one request, and return the batch once all have ended.
   *
   * Each of `images` is a picture or an `{ image, mask }`; `options` hold for all. What fails is told by its line and
   * stops nobody. Rejects with `ApiError` where not a single picture was accepted, and with `BatchTimeout`.
   * @param {Iterable<import("./types").BatchImage>} images
   * @param {import("./types").BatchOptions} options
   * @returns {Promise<Batch>}
   */
  async batch(images, options) {
    const { onProgress, waitTimeoutMs, signal, ...said } = given(options ?? {}, BATCH);
    const request = await batches.submission(images, said);
    const facts = await batches.submitted(this.#site, request, signal);
    return this.#batch(await batches.ended(this.#site, facts, { onProgress, waitTimeoutMs, signal }));
  }

  /**
   * Submit a batch and return at once.
   * @param {Iterable<import("./types").BatchImage>} images
   * @param {import("./types").SubmitBatchOptions} options
   * @returns {Promise<Batch>}
   */
  async submitBatch(images, options) {
    const { signal, ...said } = given(options ?? {}, SUBMIT);
    return this.#batch(await batches.submitted(this.#site, await batches.submission(images, said), signal));
  }

  /**
   * What a batch would cost, and which of its pictures would be accepted now. Nothing is stored or charged.
   * @param {Iterable<import("./types").BatchImage>} images
   * @param {import("./types").BatchQuoteOptions} options
   * @returns {Promise<import("./types").BatchQuote>}
   */
  async quoteBatch(images, options) {
    const { signal, ...said } = given(options ?? {}, QUOTE);
    return this.#told(await batches.question(images, said), batches.readBatchQuote, signal);
  }

  /**
   * How a batch stands.
   * @param {string} batchId
   * @param {Abortable} [options]
   * @returns {Promise<Batch>}
   */
  async getBatch(batchId, { signal } = {}) {
    return this.#batch(await batches.stands(this.#site, batchId, { signal }));
  }

  /**
   * Wait for a batch, or the id of one. Rejects with `BatchTimeout`.
   * @param {Batch | string} batch
   * @param {import("./types").WaitBatchOptions} [options]
   * @returns {Promise<Batch>}
   */
  async waitBatch(batch, options = {}) {
    const how = given(options, WAIT_BATCH);
    const facts = typeof batch === "string" ? await batches.stands(this.#site, batch, how) : batch.facts;
    return this.#batch(await batches.ended(this.#site, facts, how));
  }

  /**
   * Submit again what failed, from the pictures the site still has, charged anew; return the batch once all have ended.
   * `batch.facts.retried` and `notRetried` say which. Rejects with `Conflict` where there is nothing to retry.
   * @param {Batch | string} batch
   * @param {import("./types").RetryBatchOptions} [options]
   * @returns {Promise<Batch>}
   */
  async retryBatch(batch, options = {}) {
    const { idempotencyKey, ...how } = given(options, RETRY_BATCH);
    const id = typeof batch === "string" ? batch : batch.id;
    const facts = await batches.retried(this.#site, id, { idempotencyKey, signal: how.signal });
    return this.#batch(await batches.ended(this.#site, facts, how));
  }

  /**
   * Remove from any number of pictures, each a call of its own with options of its own, some at a time.
   *
   * Each of `items` is a picture, or an object of `removeObject`'s options and an `image`; they are read as they are
   * needed. Returns an outcome for each, in the order given. What fails stops nobody, except that the rest is not sent
   * once the credits or the key give out.
   * @param {Iterable<import("./types").ManyItem<import("./types").SubmitOptions>>
   *   | AsyncIterable<import("./types").ManyItem<import("./types").SubmitOptions>>} items
   * @param {Omit<import("./types").SubmitOptions, "idempotencyKey"> & import("./types").Waiting
   *   & import("./types").Many<Result>} [options]
   * @returns {Promise<import("./types").Outcome<Result>[]>}
   */
  async removeMany(items, options = {}) {
    const known = new Set([...SUBMIT, "waitTimeoutMs"]);
    return eachOf(items, options, { known, call: (image, said) => this.removeObject(image, said) });
  }

  /**
   * Find what is pointed at in many pictures, as `removeMany` removes it.
   * @param {Iterable<import("./types").ManyItem<import("./types").SegmentOptions>>
   *   | AsyncIterable<import("./types").ManyItem<import("./types").SegmentOptions>>} items
   * @param {Omit<import("./types").SegmentOptions, "idempotencyKey"> & import("./types").Many<Result>} [options]
   * @returns {Promise<import("./types").Outcome<Result>[]>}
   */
  async segmentMany(items, options = {}) {
    return eachOf(items, options, { known: SEGMENT, call: (image, said) => this.segment(image, said) });
  }

  /**
   * @template T
   * @param {Request} request
   * @param {(told: Record<string, any>) => T} read
   * @param {Signal} signal
   * @returns {Promise<T>}
   */
  async #told(request, read, signal) {
    return messages.told(await flows.answered(this.#site, request, signal), read);
  }

  /** @param {Job} job */
  #result(job) {
    return new Result(job, (one, how) => flows.downloaded(this.#site, one, how));
  }

  /** @param {import("./types").BatchFacts} facts */
  #batch(facts) {
    const fetch = (/** @type {Job} */ one, /** @type {any} */ how) => flows.downloaded(this.#site, one, how);
    return new batches.Batch(facts, { site: this.#site, fetch });
  }
}

/** @param {Job | string} job */
function idOf(job) {
  return typeof job === "string" ? job : job.id;
}

module.exports = { Pixelsite };
