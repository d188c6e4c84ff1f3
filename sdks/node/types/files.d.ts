export type Sink = import("./transport.js").Sink;
/** @param {string} file */
export function exists(file: string): Promise<boolean>;
/** @typedef {import("./transport.js").Sink} Sink */
/**
 * Let `fill` write into a file beside this one, and put it in its place once it is complete and on the disk.
 * Rejects with EEXIST, before anything is fetched for nothing, where `overwrite` is false and the file is there.
 * @param {string | URL} target
 * @param {{ overwrite: boolean, fill: (sink: Sink) => Promise<unknown> }} how
 * @returns {Promise<string>} The path.
 */
export function writeWhole(target: string | URL, { overwrite, fill }: {
    overwrite: boolean;
    fill: (sink: Sink) => Promise<unknown>;
}): Promise<string>;
