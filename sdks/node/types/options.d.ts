export type Options = Record<string, any>;
export const QUOTE: Set<string>;
export const REMOVE: Set<string>;
export const SEGMENT: Set<string>;
export const SUBMIT: Set<string>;
/**
 * `mask` and what goes into headers is not among them.
 * @param {Options} options
 * @returns {Record<string, string>}
 */
export function fieldsOf(options: Options): Record<string, string>;
/** @typedef {Record<string, any>} Options */
/**
 * The options that were given. Throws `TypeError` for one that is not known: it would cost money to ignore it.
 * @param {unknown} options
 * @param {ReadonlySet<string>} known
 * @returns {Options}
 */
export function given(options: unknown, known: ReadonlySet<string>): Options;
