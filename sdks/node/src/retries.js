/** When a request is sent again, and how long to wait before: decided from what came back, without a clock. */
"use strict";

const { bodyOf, retryAfterMs } = require("./errors.js");

/** @typedef {import("./messages.js").Answer} Answer */
/** @typedef {{ reason: string, isFinal: boolean }} NoAnswer Nothing came back; `isFinal`: trying again is of no use. */

const STATUSES = new Set([429, 500, 502, 503, 504]);
const FIRST_PAUSE_MS = 500;
const PAUSE_MS_MAX = 8_000;
/** The longest `Retry-After` that is waited for. */
const PATIENCE_MS = 120_000;

/**
 * Milliseconds before try `attempt` + 2: twice as long each time, and by chance up to half as short.
 * @param {number} attempt
 * @param {() => number} [chance]
 * @returns {number}
 */
function backoffMs(attempt, chance = Math.random) {
  return Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10)) * (0.5 + chance() / 2);
}

/**
 * Milliseconds to wait before sending again after this reply to try `attempt` (from 0); null: leave it at that.
 * @param {number} retries
 * @param {number} attempt
 * @param {Answer | NoAnswer} reply
 * @returns {number | null}
 */
function pauseMs(retries, attempt, reply) {
  if (attempt >= retries || !mayHelp(reply)) return null;
  const asked = "status" in reply ? retryAfterMs(reply.headers) : null;
  if (asked === null) return backoffMs(attempt);
  // A little later than asked for, so that many callers who wait for the same moment do not come as one.
  return asked > PATIENCE_MS ? null : asked + Math.random() * 250;
}

/**
 * Whether the same request, sent again, may be answered otherwise.
 * @param {Answer | NoAnswer} reply
 */
function mayHelp(reply) {
  if (!("status" in reply)) return !reply.isFinal;
  if (STATUSES.has(reply.status)) return true;
  // An earlier try of this very call may still be worked on, after its connection broke.
  return reply.status === 409 && bodyOf(reply.content).code === "idempotency_in_progress";
}

module.exports = { backoffMs, pauseMs };
