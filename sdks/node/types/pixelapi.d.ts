export type Job = import("./types").Job;
/** `removeObject`, `get`, `balance`, `usage`, `models`. Everything else is under `pixelsite`. */
export class PixelAPI {
    /** @param {import("./types").Settings} [settings] */
    constructor(settings?: import("./types").Settings);
    pixelsite: Pixelsite;
    /**
     * Remove what is pointed at, and return the result once it is there.
     * @param {{ image?: import("./types").Picture, imageUrl?: string } & import("./types").SubmitOptions
     *   & import("./types").Waiting} options
     * @returns {Promise<PixelAPIResult>}
     */
    removeObject({ image, imageUrl, ...options }: {
        image?: import("./types").Picture;
        imageUrl?: string;
    } & import("./types").SubmitOptions & import("./types").Waiting): Promise<PixelAPIResult>;
    /**
     * How a job stands.
     * @param {string} generationId
     * @returns {Promise<Job>}
     */
    get(generationId: string): Promise<Job>;
    /**
     * `credits_remaining`, `plan`, `email`.
     * @returns {Promise<Record<string, any>>}
     */
    balance(): Promise<Record<string, any>>;
    /**
     * The most recent jobs.
     * @param {{ limit?: number }} [options]
     * @returns {Promise<Record<string, any>[]>}
     */
    usage({ limit }?: {
        limit?: number;
    }): Promise<Record<string, any>[]>;
    /**
     * Every operation with its price.
     * @returns {Promise<Record<string, any>[]>}
     */
    models(): Promise<Record<string, any>[]>;
}
/** @typedef {import("./types").Job} Job */
/** A result under the names of PixelAPI's answers. */
export class PixelAPIResult extends Result {
    /** @param {Result} result */
    constructor(result: Result);
    get generationId(): string;
    get outputUrl(): string | null;
    get status(): import("./types").JobStatus;
    #private;
}
import { Pixelsite } from "./client.js";
import { Result } from "./results.js";
