export type Answer = import("./messages.js").Answer;
export type Request = import("./messages.js").Request;
export type NoAnswer = import("./retries.js").NoAnswer;
/**
 * Where a body goes, chunk by chunk; `begin` comes before the first of every try.
 */
export type Sink = {
    begin(): Promise<void> | void;
    write(chunk: Uint8Array): Promise<unknown> | unknown;
};
export type Response = {
    status: number;
    headers: Headers;
    body: ReadableStream<Uint8Array> | null;
};
export class Transport {
    /** @param {import("./types").Settings} settings Throws `ConfigurationError`. */
    constructor({ apiKey, baseUrl, timeoutMs, retries, fetch, onRetry }?: import("./types").Settings);
    retries: number;
    onRetry: (told: {
        readonly reason: string;
        readonly pauseMs: number;
    }) => void;
    get baseUrl(): string;
    now(): number;
    /**
     * Do nothing for so long. Rejects with the reason of a signal that is aborted meanwhile.
     * @param {number} milliseconds
     * @param {AbortSignal} [signal]
     * @returns {Promise<void>}
     */
    pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
    /**
     * Ask the site, and read its whole answer. With a `sink`, what answers 200 goes there instead.
     * @param {Request} request
     * @param {{ signal?: AbortSignal | undefined, sink?: Sink | undefined }} [how]
     * @returns {Promise<Answer | NoAnswer>}
     */
    send(request: Request, { signal, sink }?: {
        signal?: AbortSignal | undefined;
        sink?: Sink | undefined;
    }): Promise<Answer | NoAnswer>;
    /**
     * Fetch a signed address, which is asked without the key.
     * @param {string} url
     * @param {{ signal?: AbortSignal | undefined, sink: Sink }} how
     * @returns {Promise<Answer | NoAnswer>}
     */
    download(url: string, { signal, sink }: {
        signal?: AbortSignal | undefined;
        sink: Sink;
    }): Promise<Answer | NoAnswer>;
    #private;
}
