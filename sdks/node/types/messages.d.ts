export type Upload = import("./pictures.js").Upload;
export type Request = {
    method: string;
    path: string;
    params?: Record<string, string> | undefined;
    headers?: Record<string, string> | undefined;
    fields?: Record<string, string> | undefined;
    files?: (readonly [string, import("./pictures.js").Upload])[] | undefined;
    json?: object | undefined;
    /**
     * How long the site may keep the answer back, because it was asked to wait.
     */
    holdsMs?: number | undefined;
};
export type Answer = {
    status: number;
    headers: import("./errors.js").ReadableHeaders;
    content: Uint8Array;
};
export type Options = Record<string, any>;
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
export const REMOVE_PATH: "/v1/image/remove-object";
export const SEGMENT_PATH: "/v1/image/segment";
/**
 * @param {Options} options
 * @returns {Record<string, string>}
 */
export function callHeaders(options: Options): Record<string, string>;
/**
 * Cancels a queued job, and deletes the images of an ended one: what it does depends on when it arrives.
 * @param {string} id
 * @returns {Request}
 */
export function deletion(id: string): Request;
/**
 * The same submission, answered with the ended job if it ends in time.
 * @param {Request} request
 * @param {number} milliseconds
 * @returns {Request}
 */
export function held(request: Request, milliseconds: number): Request;
/**
 * @param {string} path
 * @param {number} [waitMs]
 * @returns {Request}
 */
export function look(path: string, waitMs?: number): Request;
/**
 * @param {string} id
 * @param {number} [waitMs]
 */
export function oneJob(id: string, waitMs?: number): Request;
/**
 * A submission that is only asked about.
 * @param {unknown} image
 * @param {Options} options
 * @returns {Promise<Request>}
 */
export function quote(image: unknown, options: Options): Promise<Request>;
/**
 * A submission. Its Idempotency-Key is made here, once, so that every try carries the same.
 * @param {string} path
 * @param {unknown} image
 * @param {Options} options
 * @returns {Promise<Request>}
 */
export function submission(path: string, image: unknown, options: Options): Promise<Request>;
/**
 * What an answer tells. Throws the `ApiError` that it stands for.
 * @template T
 * @param {Answer} answer
 * @param {(told: Record<string, any>) => T} read
 * @returns {T}
 */
export function told<T>(answer: Answer, read: (told: Record<string, any>) => T): T;
