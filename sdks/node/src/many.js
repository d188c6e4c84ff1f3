/** Any number of pictures, each a call of its own: each ends for itself, and the whole is told in the order given. */
"use strict";

const { AuthenticationFailed, InsufficientCredits, PermissionDenied, isObject } = require("./errors.js");
const { given } = require("./options.js");

/** @typedef {Record<string, any>} Options */
/**
 * @template R
 * @typedef {import("./types").Outcome<R>} Outcome
 */

// What the next picture would be told as well.
const OF_ALL = [InsufficientCredits, AuthenticationFailed, PermissionDenied];

/**
 * Call for each picture, `concurrency` at a time. What fails is told by its outcome and stops nobody; once the credits
 * or the key give out, the rest is not sent.
 * @template R
 * @param {Iterable<unknown> | AsyncIterable<unknown>} items Read as they are needed.
 * @param {Options} options
 * @param {{ known: ReadonlySet<string>, call: (image: any, options: Options) => Promise<R> }} how
 * @returns {Promise<Outcome<R>[]>}
 */
async function eachOf(items, { concurrency = 4, onDone, onProgress, ...options }, { known, call }) {
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new RangeError("concurrency is a whole number from 1.");
  const common = given(options, known);
  if ("idempotencyKey" in common) {
    throw new TypeError("idempotencyKey names one submission: give one to each picture, as { image, idempotencyKey }.");
  }
  const queue = inOrder(items);
  const total = sizeOf(items);
  /** @type {Outcome<R>[]} */
  const outcomes = [];
  /** @type {Error | null} */
  let stoppedBy = null;
  let ended = 0;
  let failed = 0;

  /**
   * @param {number} index
   * @param {unknown} source
   * @returns {Promise<Outcome<R>>}
   */
  const one = async (index, source) => {
    /** @type {R | null} */
    let result = null;
    try {
      if (stoppedBy) throw stoppedBy;
      const { image, ...own } = isItem(source) ? source : { image: source };
      const done = await call(image, { ...common, ...own });
      result = done;
      await onDone?.({ index, source, result: done, error: null });
      return { index, source, result, error: null };
    } catch (error) {
      common.signal?.throwIfAborted();
      return { index, source, result, error: /** @type {Error} */ (error) };
    }
  };

  let isBroken = false;
  const work = async () => {
    for (let taken = await queue.next(); !taken.done && !isBroken; taken = await queue.next()) {
      common.signal?.throwIfAborted();
      const { index, source } = taken.value;
      const outcome = await one(index, source);
      outcomes[index] = outcome;
      if (OF_ALL.some((Kind) => outcome.error instanceof Kind)) stoppedBy ??= outcome.error;
      ended += 1;
      failed += outcome.error ? 1 : 0;
      onProgress?.({ ended, failed, total });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, work));
  } finally {
    isBroken = true;
  }
  return outcomes;
}

/**
 * One queue for all workers: an async generator answers its callers one after the other.
 * @param {Iterable<unknown> | AsyncIterable<unknown>} items
 */
async function* inOrder(items) {
  let index = 0;
  for await (const source of items) {
    yield { index, source };
    index += 1;
  }
}

/**
 * @param {unknown} source
 * @returns {source is Options & { image: unknown }}
 */
function isItem(source) {
  return isObject(source) && "image" in source;
}

/** @param {object} items */
function sizeOf(items) {
  if (Array.isArray(items)) return items.length;
  return "size" in items && typeof items.size === "number" ? items.size : null;
}

module.exports = { eachOf };
