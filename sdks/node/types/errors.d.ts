export type Job = import("./types").Job;
export type ReadableHeaders = {
    get(name: string): string | null;
};
export type Told = {
    requestId?: string | null;
};
export type ApiFacts = {
    status: number;
    code: string;
    requestId?: string | null | undefined;
    body?: Readonly<Record<string, any>> | undefined;
};
/** The site refused, or failed. `status` is HTTP's, `code` the site's own, `param` the parameter at fault. */
export class ApiError extends PixelsiteError {
    /**
     * @param {string} message
     * @param {ApiFacts} facts
     */
    constructor(message: string, { status, code, requestId, body }: ApiFacts);
    status: number;
    body: Readonly<Record<string, any>>;
    /**
     * Milliseconds after which the site expects the request again.
     * @type {number | null}
     */
    retryAfterMs: number | null;
    /**
     * The parameter at fault.
     * @returns {string | null}
     */
    get param(): string | null;
}
/** The API key is missing, unknown, expired or revoked (401). */
export class AuthenticationFailed extends ApiError {
}
/** A batch had not ended in time. It goes on: `client.waitBatch(error.batch.id)` does too. */
export class BatchTimeout extends PixelsiteError {
    /** @param {import("./types").BatchFacts} batch */
    constructor(batch: import("./types").BatchFacts);
    /** How it stood. */
    batch: import("./types").BatchFacts;
}
/** The client cannot be used as it was set up. */
export class ConfigurationError extends PixelsiteError {
    /** @param {string} message */
    constructor(message: string);
}
/** Things stand otherwise by now, as with canceling a job that has begun (409). */
export class Conflict extends ApiError {
}
/** No answer came, however often it was tried. A submission may have been accepted: see `idempotencyKey`. */
export class ConnectionFailed extends PixelsiteError {
    /**
     * @param {string} message
     * @param {Told} [told]
     */
    constructor(message: string, { requestId }?: Told);
}
/** The image has been deleted, or the link to it has expired (410). */
export class Gone extends NotFound {
}
/** The account has too few credits. */
export class InsufficientCredits extends PaymentRequired {
    /**
     * What the job costs, if the site says so.
     * @returns {number | null}
     */
    get required(): number | null;
    /**
     * What the account has, if the site says so.
     * @returns {number | null}
     */
    get available(): number | null;
}
/** A parameter or a picture is wrong (400, 405, 406, 408, 413, 415, 422). Sending it again will not help. */
export class InvalidRequest extends ApiError {
    /**
     * Every parameter at fault, with what is wrong about it.
     * @returns {Readonly<Record<string, string[]>>}
     */
    get errors(): Readonly<Record<string, string[]>>;
}
/** The content filter does not allow the picture or the prompt. */
export class JobBlocked extends JobNotDone {
}
/** Somebody canceled the job, or `cancelAfter` was up. */
export class JobCanceled extends JobNotDone {
}
/** The picture could not be worked on. */
export class JobFailed extends JobNotDone {
}
/** A job ended without a result, and cost nothing. `job` is how it ended, `code` why. */
export class JobNotDone extends PixelsiteError {
    /**
     * @param {Job} job
     * @param {Told} [told]
     */
    constructor(job: Job, { requestId }?: Told);
    job: import("./types").Job;
}
/** This key has spent what it may today or this month. */
export class KeyCapReached extends PaymentRequired {
}
/** There is no such thing, or it is another account's (404). */
export class NotFound extends ApiError {
}
/** It costs more than may be spent (402). */
export class PaymentRequired extends ApiError {
}
/** The key may not do that, or the account is suspended (403). */
export class PermissionDenied extends ApiError {
}
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
export class PixelsiteError extends Error {
    /**
     * @param {string} message
     * @param {Told & { code?: string }} [told]
     */
    constructor(message: string, { requestId, code }?: Told & {
        code?: string;
    });
    code: string;
    requestId: string | null;
    /**
     * Of a submission: repeat it under this key, and whatever was accepted already is not paid for again.
     * @type {string | null}
     */
    idempotencyKey: string | null;
}
/** Too many requests, or too many unfinished jobs (429). `retryAfterMs` says how long to wait. */
export class RateLimited extends ApiError {
}
/** Something went wrong at the site (5xx). */
export class ServerError extends ApiError {
}
/** The site has more to do than it can, or a part of it is away (503). */
export class ServiceUnavailable extends ServerError {
}
/** What answered does not speak as Pixelsite does. Look at `baseUrl`, and at what stands in between. */
export class UnexpectedAnswer extends ApiError {
}
/** This webhook is not from the site, or it is old. Answer 400, and believe nothing of it. */
export class VerificationFailed extends PixelsiteError {
    /** @param {string} message */
    constructor(message: string);
}
/** The job had not ended in time. It goes on: `client.wait(error.job)` does too. */
export class WaitTimeout extends PixelsiteError {
    /**
     * @param {Job} job
     * @param {Told} [told]
     */
    constructor(job: Job, { requestId }?: Told);
    job: import("./types").Job;
}
/**
 * The object in a body; an empty one where there is none.
 * @param {Uint8Array} content
 * @returns {Record<string, any>}
 */
export function bodyOf(content: Uint8Array): Record<string, any>;
/**
 * The error that an answer stands for.
 * @param {{ status: number, headers: ReadableHeaders, content: Uint8Array }} answer
 * @returns {ApiError}
 */
export function errorOfAnswer({ status, headers, content }: {
    status: number;
    headers: ReadableHeaders;
    content: Uint8Array;
}): ApiError;
/**
 * The error that a job without a result stands for.
 * @param {Job} job
 * @param {Told} [told]
 * @returns {JobNotDone}
 */
export function errorOfJob(job: Job, told?: Told): JobNotDone;
/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
export function isObject(value: unknown): value is Record<string, any>;
/**
 * Milliseconds of `Retry-After`, written as seconds or as a date; null where there is none that can be read.
 * @param {ReadableHeaders} headers
 * @param {number} [now]
 * @returns {number | null}
 */
export function retryAfterMs(headers: ReadableHeaders, now?: number): number | null;
