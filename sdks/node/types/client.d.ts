export type Job = import("./types").Job;
export type Picture = import("./types").Picture;
export type Abortable = import("./types").Abortable;
export type Request = import("./messages.js").Request;
export type Batch = import("./batches.js").Batch;
export type Signal = AbortSignal | undefined;
/** A site, and the key to it. */
export class Pixelsite {
    /**
     * `apiKey` and `baseUrl` default to PIXELSITE_API_KEY and PIXELSITE_BASE_URL. Throws `ConfigurationError`.
     * @param {import("./types").Settings} [settings]
     */
    constructor(settings?: import("./types").Settings);
    /** Address of the site. */
    get baseUrl(): string;
    /**
     * Remove what is pointed at, and return the result; with `wait: false` the job, as `submit` does.
     *
     * Point with `mask`, `bbox`, `boxes`, `points` (and `labels`), `box`, `segmentation`, `prompt`, alone or together.
     * Rejects with `ApiError`, `JobNotDone`, `WaitTimeout`, `ConnectionFailed`.
     * @overload
     * @param {Picture} image
     * @param {import("./types").RemoveOptions & { wait: false }} options
     * @returns {Promise<Job>}
     */
    removeObject(image: Picture, options: import("./types").RemoveOptions & {
        wait: false;
    }): Promise<Job>;
    /**
     * @overload
     * @param {Picture} image
     * @param {import("./types").RemoveOptions & { wait?: true | undefined }} options
     * @returns {Promise<Result>}
     */
    removeObject(image: Picture, options: import("./types").RemoveOptions & {
        wait?: true | undefined;
    }): Promise<Result>;
    /**
     * Submit a removal and return at once.
     * @param {Picture} image
     * @param {import("./types").SubmitOptions} options
     * @returns {Promise<Job>}
     */
    submit(image: Picture, options: import("./types").SubmitOptions): Promise<Job>;
    /**
     * Find what is pointed at, free of charge: the result is the mask, white on black.
     * @param {Picture} image
     * @param {import("./types").SegmentOptions} options
     * @returns {Promise<Result>}
     */
    segment(image: Picture, options: import("./types").SegmentOptions): Promise<Result>;
    /**
     * What a removal would cost, and whether it would be accepted now. Nothing is stored or charged.
     * @param {Picture} image
     * @param {import("./types").QuoteOptions} options
     * @returns {Promise<import("./types").Quote>}
     */
    quote(image: Picture, options: import("./types").QuoteOptions): Promise<import("./types").Quote>;
    /**
     * How a job stands.
     * @param {string} jobId
     * @param {Abortable} [options]
     * @returns {Promise<Job>}
     */
    get(jobId: string, { signal }?: Abortable): Promise<Job>;
    /**
     * Wait for a job, or the id of one, and return its result. Rejects with `JobNotDone`, `WaitTimeout`.
     * @param {Job | string} job
     * @param {import("./types").Waiting} [options]
     * @returns {Promise<Result>}
     */
    wait(job: Job | string, options?: import("./types").Waiting): Promise<Result>;
    /**
     * Cancel a queued job; one that has ended is returned as it is. Rejects with `Conflict` for one that is worked on.
     * @param {Job | string} job
     * @param {Abortable} [options]
     * @returns {Promise<Job>}
     */
    cancel(job: Job | string, { signal }?: Abortable): Promise<Job>;
    /**
     * Delete the images of a job that has ended, before their time. Rejects with `Conflict` for one that has not.
     * @param {Job | string} job
     * @param {Abortable} [options]
     * @returns {Promise<Job>}
     */
    delete(job: Job | string, { signal }?: Abortable): Promise<Job>;
    /**
     * Credits left, plan and address of the account.
     * @param {Abortable} [options]
     * @returns {Promise<import("./types").Balance>}
     */
    balance({ signal }?: Abortable): Promise<import("./types").Balance>;
    /**
     * Every operation with its price and the engine that serves it now.
     * @param {Abortable} [options]
     * @returns {Promise<import("./types").Model[]>}
     */
    models({ signal }?: Abortable): Promise<import("./types").Model[]>;
    /**
     * The account's jobs, the newest first, fetched page by page as they are asked for.
     * @param {import("./types").UsageOptions} [options]
     * @returns {AsyncGenerator<import("./types").UsageLine, void, undefined>}
     */
    usage(options?: import("./types").UsageOptions): AsyncGenerator<import("./types").UsageLine, void, undefined>;
    /**
     * Remove from up to 50 pictures in one request, and return the batch once all have ended.
     *
     * Each of `images` is a picture or an `{ image, mask }`; `options` hold for all. What fails is told by its line and
     * stops nobody. Rejects with `ApiError` where not a single picture was accepted, and with `BatchTimeout`.
     * @param {Iterable<import("./types").BatchImage>} images
     * @param {import("./types").BatchOptions} options
     * @returns {Promise<Batch>}
     */
    batch(images: Iterable<import("./types").BatchImage>, options: import("./types").BatchOptions): Promise<Batch>;
    /**
     * Submit a batch and return at once.
     * @param {Iterable<import("./types").BatchImage>} images
     * @param {import("./types").SubmitBatchOptions} options
     * @returns {Promise<Batch>}
     */
    submitBatch(images: Iterable<import("./types").BatchImage>, options: import("./types").SubmitBatchOptions): Promise<Batch>;
    /**
     * What a batch would cost, and which of its pictures would be accepted now. Nothing is stored or charged.
     * @param {Iterable<import("./types").BatchImage>} images
     * @param {import("./types").BatchQuoteOptions} options
     * @returns {Promise<import("./types").BatchQuote>}
     */
    quoteBatch(images: Iterable<import("./types").BatchImage>, options: import("./types").BatchQuoteOptions): Promise<import("./types").BatchQuote>;
    /**
     * How a batch stands.
     * @param {string} batchId
     * @param {Abortable} [options]
     * @returns {Promise<Batch>}
     */
    getBatch(batchId: string, { signal }?: Abortable): Promise<Batch>;
    /**
     * Wait for a batch, or the id of one. Rejects with `BatchTimeout`.
     * @param {Batch | string} batch
     * @param {import("./types").WaitBatchOptions} [options]
     * @returns {Promise<Batch>}
     */
    waitBatch(batch: Batch | string, options?: import("./types").WaitBatchOptions): Promise<Batch>;
    /**
     * Submit again what failed, from the pictures the site still has, charged anew; return the batch once all have ended.
     * `batch.facts.retried` and `notRetried` say which. Rejects with `Conflict` where there is nothing to retry.
     * @param {Batch | string} batch
     * @param {import("./types").RetryBatchOptions} [options]
     * @returns {Promise<Batch>}
     */
    retryBatch(batch: Batch | string, options?: import("./types").RetryBatchOptions): Promise<Batch>;
    /**
     * Remove from any number of pictures, each a call of its own with options of its own, some at a time.
     *
     * Each of `items` is a picture, or an object of `removeObject`'s options and an `image`; they are read as they are
     * needed. Returns an outcome for each, in the order given. What fails stops nobody, except that the rest is not sent
     * once the credits or the key give out.
     * @param {Iterable<import("./types").ManyItem<import("./types").SubmitOptions>>
     *   | AsyncIterable<import("./types").ManyItem<import("./types").SubmitOptions>>} items
     * @param {Omit<import("./types").SubmitOptions, "idempotencyKey"> & import("./types").Waiting
     *   & import("./types").Many<Result>} [options]
     * @returns {Promise<import("./types").Outcome<Result>[]>}
     */
    removeMany(items: Iterable<import("./types").ManyItem<import("./types").SubmitOptions>> | AsyncIterable<import("./types").ManyItem<import("./types").SubmitOptions>>, options?: Omit<import("./types").SubmitOptions, "idempotencyKey"> & import("./types").Waiting & import("./types").Many<Result>): Promise<import("./types").Outcome<Result>[]>;
    /**
     * Find what is pointed at in many pictures, as `removeMany` removes it.
     * @param {Iterable<import("./types").ManyItem<import("./types").SegmentOptions>>
     *   | AsyncIterable<import("./types").ManyItem<import("./types").SegmentOptions>>} items
     * @param {Omit<import("./types").SegmentOptions, "idempotencyKey"> & import("./types").Many<Result>} [options]
     * @returns {Promise<import("./types").Outcome<Result>[]>}
     */
    segmentMany(items: Iterable<import("./types").ManyItem<import("./types").SegmentOptions>> | AsyncIterable<import("./types").ManyItem<import("./types").SegmentOptions>>, options?: Omit<import("./types").SegmentOptions, "idempotencyKey"> & import("./types").Many<Result>): Promise<import("./types").Outcome<Result>[]>;
    #private;
}
import { Result } from "./results.js";
