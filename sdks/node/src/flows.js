/** What a call does, step by step, on a transport that sends, pauses and knows the time. */
"use strict";

const { randomUUID } = require("node:crypto");
const {
  ApiError,
  Conflict,
  ConnectionFailed,
  Gone,
  PixelsiteError,
  WaitTimeout,
  errorOfAnswer,
  errorOfJob,
} = require("./errors.js");
const messages = require("./messages.js");
const { readJob } = require("./models.js");
const { backoffMs, pauseMs } = require("./retries.js");

/** @typedef {import("./messages.js").Answer} Answer */
/** @typedef {import("./messages.js").Request} Request */
/** @typedef {import("./retries.js").NoAnswer} NoAnswer */
/** @typedef {import("./types").Job} Job */
/** @typedef {import("./transport.js").Sink} Sink */
/** @typedef {AbortSignal | undefined} Signal */
/**
 * What a flow needs of a transport.
 * @typedef {object} Site
 * @property {number} retries
 * @property {(told: { reason: string, pauseMs: number }) => void} onRetry
 * @property {() => number} now
 * @property {(milliseconds: number, signal?: AbortSignal) => Promise<void>} pause
 * @property {(request: Request, how?: { signal?: Signal, sink?: Sink | undefined }) => Promise<Answer | NoAnswer>} send
 * @property {(url: string, how: { signal?: Signal, sink: Sink }) => Promise<Answer | NoAnswer>} download
 */

/** How long a site is asked to keep an answer back: below what proxies in between allow. */
const HOLD_MS = 25_000;
const WAIT_TIMEOUT_MS = 600_000;

/**
 * Send until there is an answer that sending again would not change. Rejects with `ConnectionFailed`.
 * @param {Site} site
 * @param {(requestId: string) => Promise<Answer | NoAnswer>} send
 * @param {Signal} signal
 * @returns {Promise<Answer>}
 */
async function persistently(site, send, signal) {
  for (let attempt = 0; ; attempt += 1) {
    const requestId = randomUUID().replaceAll("-", "");
    const reply = await send(requestId);
    const pause = pauseMs(site.retries, attempt, reply);
    if (pause !== null) {
      site.onRetry({ reason: "status" in reply ? `HTTP ${reply.status}` : reply.reason, pauseMs: pause });
      await site.pause(pause, signal);
    } else if ("status" in reply) {
      return reply;
    } else {
      const times = attempt === 0 ? "once" : `${attempt + 1} times`;
      throw new ConnectionFailed(`No answer came (${reply.reason}); tried ${times}.`, { requestId });
    }
  }
}

/**
 * @param {Site} site
 * @param {Request} request
 * @param {Signal} signal
 * @param {Sink} [sink]
 * @returns {Promise<Answer>}
 */
function answered(site, request, signal, sink) {
  const send = (/** @type {string} */ requestId) => {
    const headers = { ...request.headers, "X-Request-Id": requestId };
    return site.send({ ...request, headers }, { signal, sink });
  };
  return persistently(site, send, signal);
}

/**
 * Do something under the key of a submission, and name that key in what goes wrong.
 * @template T
 * @param {Request} request
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function underKey(request, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PixelsiteError) error.idempotencyKey = request.headers?.["Idempotency-Key"] ?? null;
    throw error;
  }
}

/**
 * Submit, and return the job as it was accepted.
 * @param {Site} site
 * @param {Request} request
 * @param {Signal} signal
 * @returns {Promise<Job>}
 */
function submitted(site, request, signal) {
  return underKey(request, async () => messages.told(await answered(site, request, signal), readJob));
}

/**
 * Submit, and return the job once it is completed. Rejects with `JobNotDone` or `WaitTimeout`.
 * @param {Site} site
 * @param {Request} request
 * @param {{ waitTimeoutMs?: number | undefined, signal?: Signal }} how
 * @returns {Promise<Job>}
 */
function finished(site, request, { waitTimeoutMs = WAIT_TIMEOUT_MS, signal }) {
  return underKey(request, async () => {
    const deadline = site.now() + waitTimeoutMs;
    const answer = await answered(site, messages.held(request, Math.min(HOLD_MS, waitTimeoutMs)), signal);
    return completed(site, { answer, job: messages.told(answer, readJob) }, { deadline, signal });
  });
}

/**
 * Return the job once it is completed. Rejects with `JobNotDone` or `WaitTimeout`.
 * @param {Site} site
 * @param {Job | string} job
 * @param {{ waitTimeoutMs?: number | undefined, signal?: Signal }} how
 * @returns {Promise<Job>}
 */
async function waited(site, job, { waitTimeoutMs = WAIT_TIMEOUT_MS, signal }) {
  const deadline = site.now() + waitTimeoutMs;
  if (typeof job !== "string") return completed(site, { answer: null, job }, { deadline, signal });
  const answer = await answered(site, messages.oneJob(job), signal);
  return completed(site, { answer, job: messages.told(answer, readJob) }, { deadline, signal });
}

/**
 * @param {Site} site
 * @param {{ answer: Answer | null, job: Job }} known
 * @param {{ deadline: number, signal: Signal }} how
 * @returns {Promise<Job>}
 */
async function completed(site, { answer, job }, how) {
  let requestId = answer ? answer.headers.get("x-request-id") : null;
  /** @param {number} waitMs */
  const look = async (waitMs) => {
    const found = await answered(site, messages.oneJob(job.id, waitMs), how.signal);
    requestId = found.headers.get("x-request-id");
    return messages.told(found, readJob);
  };
  const ended = await polled(site, { first: job, look, holdMs: HOLD_MS }, how);
  if (!ended.isEnded) throw new WaitTimeout(ended, { requestId });
  if (ended.status !== "completed") throw errorOfJob(ended, { requestId });
  return ended;
}

/**
 * Look until it has ended or the deadline is over, with one request held open at a time.
 * @template {{ readonly isEnded: boolean }} T
 * @param {Site} site
 * @param {{ first: T, look: (waitMs: number) => Promise<T>, holdMs: number }} what
 * @param {{ deadline: number, signal: Signal }} how
 * @returns {Promise<T>}
 */
async function polled(site, { first, look, holdMs }, { deadline, signal }) {
  let found = first;
  let now = site.now();
  for (let hurried = 0; !found.isEnded && now < deadline; ) {
    const waitMs = Math.min(holdMs, Math.ceil((deadline - now) / 1000) * 1000);
    found = await look(waitMs);
    const after = site.now();
    if (!found.isEnded && after - now < waitMs / 2) {
      // What stands in between does not hold answers back: ask less and less often.
      await site.pause(Math.min(backoffMs(hurried), Math.max(0, deadline - after)), signal);
      hurried += 1;
    }
    now = site.now();
  }
  return found;
}

/**
 * Cancel a job that is queued; return one that has ended as it is. Rejects with `Conflict` for one that is worked on.
 * @param {Site} site
 * @param {string} id
 * @param {Signal} signal
 * @returns {Promise<Job>}
 */
async function canceled(site, id, signal) {
  const request = { ...messages.deletion(id), params: { only: "queued" } };
  try {
    return messages.told(await answered(site, request, signal), readJob);
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "not_cancelable")) throw error;
    // It has ended, or an earlier try of this call has canceled it and its answer got lost.
    const job = messages.told(await answered(site, messages.oneJob(id), signal), readJob);
    if (job.isEnded) return job;
    throw error;
  }
}

/**
 * Delete the images of a job that has ended. Rejects with `Conflict` for one that has not.
 * @param {Site} site
 * @param {string} id
 * @param {Signal} signal
 * @returns {Promise<Job>}
 */
async function deleted(site, id, signal) {
  const job = messages.told(await answered(site, messages.oneJob(id), signal), readJob);
  if (!job.isEnded) {
    const message = `Job ${id} is ${job.status}: cancel it, or wait for it, before deleting its images.`;
    throw new Conflict(message, { status: 409, code: "not_ended" });
  }
  return messages.told(await answered(site, messages.deletion(id), signal), readJob);
}

/**
 * Fetch the result into a sink. Rejects with `Gone` where it has been deleted.
 * @param {Site} site
 * @param {Job} job
 * @param {{ sink: Sink, signal?: Signal }} how
 * @returns {Promise<void>}
 */
async function downloaded(site, job, { sink, signal }) {
  const url = job.outputUrl;
  if (url === null) throw new Gone(`Job ${job.id} has no image (any more).`, { status: 410, code: "gone" });
  const answer = await persistently(site, () => site.download(url, { signal, sink }), signal);
  if (answer.status !== 200) throw errorOfAnswer(answer);
}

module.exports = {
  HOLD_MS,
  WAIT_TIMEOUT_MS,
  answered,
  canceled,
  deleted,
  downloaded,
  finished,
  polled,
  submitted,
  underKey,
  waited,
};
