export type Options = Record<string, any>;
export type Outcome<R> = import("./types").Outcome<R>;
/**
 * Call for each picture, `concurrency` at a time. What fails is told by its outcome and stops nobody; once the credits
 * or the key give out, the rest is not sent.
 * @template R
 * @param {Iterable<unknown> | AsyncIterable<unknown>} items Read as they are needed.
 * @param {Options} options
 * @param {{ known: ReadonlySet<string>, call: (image: any, options: Options) => Promise<R> }} how
 * @returns {Promise<Outcome<R>[]>}
 */
export function eachOf<R>(items: Iterable<unknown> | AsyncIterable<unknown>, { concurrency, onDone, onProgress, ...options }: Options, { known, call }: {
    known: ReadonlySet<string>;
    call: (image: any, options: Options) => Promise<R>;
}): Promise<Outcome<R>[]>;
