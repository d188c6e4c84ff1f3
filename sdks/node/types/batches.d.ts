export type BatchFacts = import("./types").BatchFacts;
export type Site = import("./flows.js").Site;
export type Request = import("./messages.js").Request;
export type Json = import("./models.js").Json;
export type Options = Record<string, any>;
/** A batch, and the pictures it has made. */
export class Batch {
    /**
     * @param {BatchFacts} facts
     * @param {{ site: Site, fetch: import("./results.js").Fetch }} from
     */
    constructor(facts: BatchFacts, { site, fetch }: {
        site: Site;
        fetch: import("./results.js").Fetch;
    });
    facts: import("./types").BatchFacts;
    get id(): string;
    get status(): "queued" | "processing" | "completed" | "failed" | "canceled";
    get isEnded(): boolean;
    get creditsUsed(): number;
    /** One line for each picture, in the order they were given. */
    get lines(): readonly import("./types").BatchLine[];
    /** The lines of the pictures that are done. */
    get done(): import("./types").BatchLine[];
    /** The lines of the pictures that ended without a result; `client.retryBatch(batch)` tries again what it can. */
    get failed(): import("./types").BatchLine[];
    /**
     * The result of a picture that is done, to be fetched by itself.
     * @param {number} index
     * @returns {Result}
     */
    result(index: number): Result;
    /**
     * Fetch all results into one ZIP file, with a manifest.json, and return its path. An interrupted download leaves what
     * was there before. Rejects with `Conflict` while there is no result yet.
     * @param {string | URL} path
     * @param {import("./types").SaveOptions} [options]
     * @returns {Promise<string>}
     */
    saveZip(path: string | URL, { overwrite, signal }?: import("./types").SaveOptions): Promise<string>;
    /**
     * Fetch all results as the bytes of a ZIP file (a Buffer).
     * @param {import("./types").Abortable} [options]
     * @returns {Promise<Uint8Array>}
     */
    zip({ signal }?: import("./types").Abortable): Promise<Uint8Array>;
    #private;
}
/**
 * Return the batch once all of it has ended. Rejects with `BatchTimeout`.
 * @param {Site} site
 * @param {BatchFacts} facts
 * @param {import("./types").WaitBatchOptions} how
 * @returns {Promise<BatchFacts>}
 */
export function ended(site: Site, facts: BatchFacts, { waitTimeoutMs, signal, onProgress }: import("./types").WaitBatchOptions): Promise<BatchFacts>;
/**
 * @param {Iterable<unknown>} images
 * @param {Options} options
 * @returns {Promise<Request>}
 */
export function question(images: Iterable<unknown>, options: Options): Promise<Request>;
/**
 * @param {Json} told
 * @returns {import("./types").BatchQuote}
 */
export function readBatchQuote(told: Json): import("./types").BatchQuote;
/**
 * Submit again what failed.
 * @param {Site} site
 * @param {string} id
 * @param {Options} options
 * @returns {Promise<BatchFacts>}
 */
export function retried(site: Site, id: string, { idempotencyKey, signal }: Options): Promise<BatchFacts>;
/**
 * How a batch stands.
 * @param {Site} site
 * @param {string} id
 * @param {{ waitMs?: number, signal?: AbortSignal | undefined }} how
 * @returns {Promise<BatchFacts>}
 */
export function stands(site: Site, id: string, { waitMs, signal }: {
    waitMs?: number;
    signal?: AbortSignal | undefined;
}): Promise<BatchFacts>;
/**
 * A submission of many. Its Idempotency-Key is made here, once.
 * @param {Iterable<unknown>} images
 * @param {Options} options
 * @returns {Promise<Request>}
 */
export function submission(images: Iterable<unknown>, options: Options): Promise<Request>;
/**
 * Submit, and return the batch as it was accepted.
 * @param {Site} site
 * @param {Request} request
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<BatchFacts>}
 */
export function submitted(site: Site, request: Request, signal: AbortSignal | undefined): Promise<BatchFacts>;
import { Result } from "./results.js";
