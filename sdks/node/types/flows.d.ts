export type Answer = import("./messages.js").Answer;
export type Request = import("./messages.js").Request;
export type NoAnswer = import("./retries.js").NoAnswer;
export type Job = import("./types").Job;
export type Sink = import("./transport.js").Sink;
export type Signal = AbortSignal | undefined;
/**
 * What a flow needs of a transport.
 */
export type Site = {
    retries: number;
    onRetry: (told: {
        reason: string;
        pauseMs: number;
    }) => void;
    now: () => number;
    pause: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
    send: (request: Request, how?: {
        signal?: Signal;
        sink?: Sink | undefined;
    }) => Promise<Answer | NoAnswer>;
    download: (url: string, how: {
        signal?: Signal;
        sink: Sink;
    }) => Promise<Answer | NoAnswer>;
};
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
export const HOLD_MS: 25000;
export const WAIT_TIMEOUT_MS: 600000;
/**
 * @param {Site} site
 * @param {Request} request
 * @param {Signal} signal
 * @param {Sink} [sink]
 * @returns {Promise<Answer>}
 */
export function answered(site: Site, request: Request, signal: Signal, sink?: Sink): Promise<Answer>;
/**
 * Cancel a job that is queued; return one that has ended as it is. Rejects with `Conflict` for one that is worked on.
 * @param {Site} site
 * @param {string} id
 * @param {Signal} signal
 * @returns {Promise<Job>}
 */
export function canceled(site: Site, id: string, signal: Signal): Promise<Job>;
/**
 * Delete the images of a job that has ended. Rejects with `Conflict` for one that has not.
 * @param {Site} site
 * @param {string} id
 * @param {Signal} signal
 * @returns {Promise<Job>}
 */
export function deleted(site: Site, id: string, signal: Signal): Promise<Job>;
/**
 * Fetch the result into a sink. Rejects with `Gone` where it has been deleted.
 * @param {Site} site
 * @param {Job} job
 * @param {{ sink: Sink, signal?: Signal }} how
 * @returns {Promise<void>}
 */
export function downloaded(site: Site, job: Job, { sink, signal }: {
    sink: Sink;
    signal?: Signal;
}): Promise<void>;
/**
 * Submit, and return the job once it is completed. Rejects with `JobNotDone` or `WaitTimeout`.
 * @param {Site} site
 * @param {Request} request
 * @param {{ waitTimeoutMs?: number | undefined, signal?: Signal }} how
 * @returns {Promise<Job>}
 */
export function finished(site: Site, request: Request, { waitTimeoutMs, signal }: {
    waitTimeoutMs?: number | undefined;
    signal?: Signal;
}): Promise<Job>;
/**
 * Look until it has ended or the deadline is over, with one request held open at a time.
 * @template {{ readonly isEnded: boolean }} T
 * @param {Site} site
 * @param {{ first: T, look: (waitMs: number) => Promise<T>, holdMs: number }} what
 * @param {{ deadline: number, signal: Signal }} how
 * @returns {Promise<T>}
 */
export function polled<T extends {
    readonly isEnded: boolean;
}>(site: Site, { first, look, holdMs }: {
    first: T;
    look: (waitMs: number) => Promise<T>;
    holdMs: number;
}, { deadline, signal }: {
    deadline: number;
    signal: Signal;
}): Promise<T>;
/**
 * Submit, and return the job as it was accepted.
 * @param {Site} site
 * @param {Request} request
 * @param {Signal} signal
 * @returns {Promise<Job>}
 */
export function submitted(site: Site, request: Request, signal: Signal): Promise<Job>;
/**
 * Do something under the key of a submission, and name that key in what goes wrong.
 * @template T
 * @param {Request} request
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function underKey<T>(request: Request, work: () => Promise<T>): Promise<T>;
/**
 * Return the job once it is completed. Rejects with `JobNotDone` or `WaitTimeout`.
 * @param {Site} site
 * @param {Job | string} job
 * @param {{ waitTimeoutMs?: number | undefined, signal?: Signal }} how
 * @returns {Promise<Job>}
 */
export function waited(site: Site, job: Job | string, { waitTimeoutMs, signal }: {
    waitTimeoutMs?: number | undefined;
    signal?: Signal;
}): Promise<Job>;
