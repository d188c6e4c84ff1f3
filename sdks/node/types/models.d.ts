export type Json = Readonly<Record<string, any>>;
/**
 * @param {Json} told
 * @param {string} name
 * @returns {Json[]}
 */
export function list(told: Json, name: string): Json[];
/**
 * @param {Json} told
 * @param {string} name
 * @returns {number}
 */
export function number(told: Json, name: string): number;
/**
 * @param {Json} told
 * @param {string} name
 * @returns {number | null}
 */
export function optionalNumber(told: Json, name: string): number | null;
/**
 * @param {Json} told
 * @param {string} name
 * @returns {string | null}
 */
export function optionalText(told: Json, name: string): string | null;
/**
 * @param {Json} told
 * @returns {import("./types").Balance}
 */
export function readBalance(told: Json): import("./types").Balance;
/** @typedef {Readonly<Record<string, any>>} Json */
/**
 * A job: an answer of the site, or `data` of a webhook's event. Throws for anything else.
 * @param {Json} told
 * @returns {import("./types").Job}
 */
export function readJob(told: Json): import("./types").Job;
/**
 * @param {Json} told
 * @returns {import("./types").Model[]}
 */
export function readModels(told: Json): import("./types").Model[];
/**
 * @param {Json} told
 * @returns {import("./types").Quote}
 */
export function readQuote(told: Json): import("./types").Quote;
/**
 * Some lines, and the cursor of the next ones.
 * @param {Json} told
 */
export function readUsagePage(told: Json): {
    lines: import("./types").UsageLine[];
    cursor: null;
} | {
    lines: import("./types").UsageLine[];
    cursor: string;
};
/**
 * @param {Json} told
 * @param {string} name
 * @returns {string}
 */
export function text(told: Json, name: string): string;
/**
 * `raw` is there for whoever asks, and does not fill logs.
 * @template {object} T
 * @param {Json} told
 * @param {T} read
 * @returns {T & { readonly raw: Json }}
 */
export function withRaw<T extends object>(told: Json, read: T): T & {
    readonly raw: Json;
};
