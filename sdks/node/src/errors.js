/**
 * Everything this package rejects with, and how an answer becomes one of them.
 *
 * `PixelsiteError` is all of it. What a site answered is an `ApiError`, named for its status and `code`; what became of
 * a job is a `JobNotDone`; where no answer came there is `ConnectionFailed`.
 */
"use strict";

/** @typedef {import("./types").Job} Job */
/** @typedef {{ get(name: string): string | null }} ReadableHeaders */
/** @typedef {{ requestId?: string | null }} Told */
/**
 * @typedef {object} ApiFacts
 * @property {number} status
 * @property {string} code
 * @property {string | null} [requestId]
 * @property {Readonly<Record<string, any>>} [body]
 */

/** Something went wrong. `message` says what to do, `code` is for programs, `requestId` for asking for help. */
class PixelsiteError extends Error {
  /**
   * @param {string} message
   * @param {Told & { code?: string }} [told]
   */
  constructor(message, { requestId = null, code = "error" } = {}) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.requestId = requestId;
    /**
     * Of a submission: repeat it under this key, and whatever was accepted already is not paid for again.
     * @type {string | null}
     */
    this.idempotencyKey = null;
  }
}

/** The client cannot be used as it was set up. */
class ConfigurationError extends PixelsiteError {
  /** @param {string} message */
  constructor(message) {
    super(message, { code: "configuration_error" });
  }
}

/** No answer came, however often it was tried. A submission may have been accepted: see `idempotencyKey`. */
class ConnectionFailed extends PixelsiteError {
  /**
   * @param {string} message
   * @param {Told} [told]
   */
  constructor(message, { requestId = null } = {}) {
    super(message, { requestId, code: "connection_failed" });
  }
}

/** The job had not ended in time. It goes on: `client.wait(error.job)` does too. */
class WaitTimeout extends PixelsiteError {
  /**
   * @param {Job} job
   * @param {Told} [told]
   */
  constructor(job, { requestId = null } = {}) {
    super(`Job ${job.id} is still ${job.status}. It goes on; wait for it again with its id.`, {
      requestId,
      code: "wait_timeout",
    });
    this.job = job;
  }
}

/** A batch had not ended in time. It goes on: `client.waitBatch(error.batch.id)` does too. */
class BatchTimeout extends PixelsiteError {
  /** @param {import("./types").BatchFacts} batch */
  constructor(batch) {
    super(`Batch ${batch.id} is still ${batch.status}. It goes on; wait for it again with its id.`, {
      code: "wait_timeout",
    });
    /** How it stood. */
    this.batch = batch;
  }
}

/** This webhook is not from the site, or it is old. Answer 400, and believe nothing of it. */
class VerificationFailed extends PixelsiteError {
  /** @param {string} message */
  constructor(message) {
    super(message, { code: "verification_failed" });
  }
}

/** The site refused, or failed. `status` is HTTP's, `code` the site's own, `param` the parameter at fault. */
class ApiError extends PixelsiteError {
  /**
   * @param {string} message
   * @param {ApiFacts} facts
   */
  constructor(message, { status, code, requestId = null, body = {} }) {
    super(message, { requestId, code });
    this.status = status;
    this.body = body;
    /**
     * Milliseconds after which the site expects the request again.
     * @type {number | null}
     */
    this.retryAfterMs = null;
  }

  /**
   * The parameter at fault.
   * @returns {string | null}
   */
  get param() {
    return typeof this.body.param === "string" ? this.body.param : null;
  }
}

/** A parameter or a picture is wrong (400, 405, 406, 408, 413, 415, 422). Sending it again will not help. */
class InvalidRequest extends ApiError {
  /**
   * Every parameter at fault, with what is wrong about it.
   * @returns {Readonly<Record<string, string[]>>}
   */
  get errors() {
    const found = this.body.errors;
    return isObject(found) ? found : {};
  }
}

/** The API key is missing, unknown, expired or revoked (401). */
class AuthenticationFailed extends ApiError {}

/** It costs more than may be spent (402). */
class PaymentRequired extends ApiError {}

/** The account has too few credits. */
class InsufficientCredits extends PaymentRequired {
  /**
   * What the job costs, if the site says so.
   * @returns {number | null}
   */
  get required() {
    return numberOf(this.body.required) ?? numberAfter(/Required: (\d+)/, this.message);
  }

  /**
   * What the account has, if the site says so.
   * @returns {number | null}
   */
  get available() {
    return numberOf(this.body.available) ?? numberAfter(/available: (\d+)/, this.message);
  }
}

/** This key has spent what it may today or this month. */
class KeyCapReached extends PaymentRequired {}

/** The key may not do that, or the account is suspended (403). */
class PermissionDenied extends ApiError {}

/** There is no such thing, or it is another account's (404). */
class NotFound extends ApiError {}

/** The image has been deleted, or the link to it has expired (410). */
class Gone extends NotFound {}

/** Things stand otherwise by now, as with canceling a job that has begun (409). */
class Conflict extends ApiError {}

/** Too many requests, or too many unfinished jobs (429). `retryAfterMs` says how long to wait. */
class RateLimited extends ApiError {}

/** Something went wrong at the site (5xx). */
class ServerError extends ApiError {}

/** The site has more to do than it can, or a part of it is away (503). */
class ServiceUnavailable extends ServerError {}

/** What answered does not speak as Pixelsite does. Look at `baseUrl`, and at what stands in between. */
class UnexpectedAnswer extends ApiError {}

/** A job ended without a result, and cost nothing. `job` is how it ended, `code` why. */
class JobNotDone extends PixelsiteError {
  /**
   * @param {Job} job
   * @param {Told} [told]
   */
  constructor(job, { requestId = null } = {}) {
    super(job.error ? job.error.message : `Job ${job.id} is ${job.status}.`, {
      requestId,
      code: job.error ? job.error.code : job.status,
    });
    this.job = job;
  }
}

/** The picture could not be worked on. */
class JobFailed extends JobNotDone {}

/** The content filter does not allow the picture or the prompt. */
class JobBlocked extends JobNotDone {}

/** Somebody canceled the job, or `cancelAfter` was up. */
class JobCanceled extends JobNotDone {}

/** @type {Record<number, typeof ApiError>} */
const BY_STATUS = {
  400: InvalidRequest,
  401: AuthenticationFailed,
  402: PaymentRequired,
  403: PermissionDenied,
  404: NotFound,
  405: InvalidRequest,
  406: InvalidRequest,
  408: InvalidRequest,
  409: Conflict,
  410: Gone,
  413: InvalidRequest,
  415: InvalidRequest,
  422: InvalidRequest,
  429: RateLimited,
  503: ServiceUnavailable,
};
/** @type {Map<unknown, typeof ApiError>} */
const BY_CODE = new Map([
  ["insufficient_credits", InsufficientCredits],
  ["account_in_debt", InsufficientCredits],
  ["key_cap_reached", KeyCapReached],
]);

/**
 * The error that an answer stands for.
 * @param {{ status: number, headers: ReadableHeaders, content: Uint8Array }} answer
 * @returns {ApiError}
 */
function errorOfAnswer({ status, headers, content }) {
  const requestId = headers.get("x-request-id");
  if (status >= 300 && status < 400) {
    const elsewhere = headers.get("location") ?? "another address";
    const message = `The site answers from ${elsewhere}: give that as baseUrl.`;
    return new UnexpectedAnswer(message, { status, code: "redirected", requestId });
  }
  const body = bodyOf(content);
  const code = typeof body.code === "string" ? body.code : `http_${status}`;
  const message =
    typeof body.detail === "string" ? body.detail : `HTTP ${status}, and no word of Pixelsite's about it.`;
  const Kind = BY_CODE.get(code) ?? BY_STATUS[status] ?? (status >= 500 ? ServerError : UnexpectedAnswer);
  const error = new Kind(message, { status, code, requestId, body });
  error.retryAfterMs = retryAfterMs(headers);
  return error;
}

/**
 * The error that a job without a result stands for.
 * @param {Job} job
 * @param {Told} [told]
 * @returns {JobNotDone}
 */
function errorOfJob(job, told) {
  if (job.status === "blocked") return new JobBlocked(job, told);
  return job.status === "canceled" ? new JobCanceled(job, told) : new JobFailed(job, told);
}

/**
 * Milliseconds of `Retry-After`, written as seconds or as a date; null where there is none that can be read.
 * @param {ReadableHeaders} headers
 * @param {number} [now]
 * @returns {number | null}
 */
function retryAfterMs(headers, now = Date.now()) {
  const written = (headers.get("retry-after") ?? "").trim();
  if (/^[0-9]+$/.test(written)) return Number(written.slice(0, 9)) * 1000;
  // Date.parse takes almost anything for a date: only HTTP's is meant.
  const moment = /^[A-Za-z]{3}, /.test(written) ? Date.parse(written) : NaN;
  return Number.isNaN(moment) ? null : Math.max(0, moment - now);
}

/**
 * The object in a body; an empty one where there is none.
 * @param {Uint8Array} content
 * @returns {Record<string, any>}
 */
function bodyOf(content) {
  try {
    const body = JSON.parse(new TextDecoder().decode(content));
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {unknown} value
 * @returns {number | null}
 */
function numberOf(value) {
  return typeof value === "number" ? value : null;
}

/**
 * @param {RegExp} pattern
 * @param {string} text
 */
function numberAfter(pattern, text) {
  const found = pattern.exec(text);
  return found ? Number(found[1]) : null;
}

module.exports = {
  ApiError,
  AuthenticationFailed,
  BatchTimeout,
  ConfigurationError,
  Conflict,
  ConnectionFailed,
  Gone,
  InsufficientCredits,
  InvalidRequest,
  JobBlocked,
  JobCanceled,
  JobFailed,
  JobNotDone,
  KeyCapReached,
  NotFound,
  PaymentRequired,
  PermissionDenied,
  PixelsiteError,
  RateLimited,
  ServerError,
  ServiceUnavailable,
  UnexpectedAnswer,
  VerificationFailed,
  WaitTimeout,
  bodyOf,
  errorOfAnswer,
  errorOfJob,
  isObject,
  retryAfterMs,
};
