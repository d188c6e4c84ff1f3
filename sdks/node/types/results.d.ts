export type Job = import("./types").Job;
export type Sink = import("./transport.js").Sink;
export type Fetch = (job: Job, how: {
    sink: Sink;
    signal?: AbortSignal | undefined;
}) => Promise<void>;
/** @typedef {import("./types").Job} Job */
/** @typedef {import("./transport.js").Sink} Sink */
/** @typedef {(job: Job, how: { sink: Sink, signal?: AbortSignal | undefined }) => Promise<void>} Fetch */
/** A completed job. Its picture is fetched when it is asked for. */
export class Result {
    /**
     * @param {Job} job
     * @param {Fetch} fetch
     */
    constructor(job: Job, fetch: Fetch);
    job: import("./types").Job;
    get id(): string;
    /** Signed address of the picture, for a day; null once it has been deleted. */
    get url(): string | null;
    get creditsUsed(): number;
    /** What was changed and what was not, with checksums. */
    get receipt(): Readonly<Record<string, any>> | null;
    /** What points, a box or a sentence were found to mean. */
    get selection(): Readonly<Record<string, any>> | null;
    /** What was sent along. */
    get metadata(): Readonly<Record<string, any>> | null;
    /**
     * Fetch the picture, as a file's bytes (a Buffer).
     * @param {import("./types").Abortable} [options]
     * @returns {Promise<Uint8Array>}
     */
    bytes({ signal }?: import("./types").Abortable): Promise<Uint8Array>;
    /**
     * Fetch the picture into this file, and return its path. An interrupted download leaves what was there before.
     * @param {string | URL} path
     * @param {import("./types").SaveOptions} [options]
     * @returns {Promise<string>}
     */
    save(path: string | URL, { overwrite, signal }?: import("./types").SaveOptions): Promise<string>;
    #private;
}
/**
 * @param {(sink: Sink) => Promise<void>} fill
 * @returns {Promise<Uint8Array>}
 */
export function collected(fill: (sink: Sink) => Promise<void>): Promise<Uint8Array>;
