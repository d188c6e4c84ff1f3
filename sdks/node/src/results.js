/** A completed job and its picture. */
"use strict";

const { writeWhole } = require("./files.js");

/** @typedef {import("./types").Job} Job */
/** @typedef {import("./transport.js").Sink} Sink */
/** @typedef {(job: Job, how: { sink: Sink, signal?: AbortSignal | undefined }) => Promise<void>} Fetch */

/** A completed job. Its picture is fetched when it is asked for. */
class Result {
  #fetch;

  /**
   * @param {Job} job
   * @param {Fetch} fetch
   */
  constructor(job, fetch) {
    this.job = job;
    this.#fetch = fetch;
  }

  get id() {
    return this.job.id;
  }

  /** Signed address of the picture, for a day; null once it has been deleted. */
  get url() {
    return this.job.outputUrl;
  }

  get creditsUsed() {
    return this.job.creditsUsed;
  }

  /** What was changed and what was not, with checksums. */
  get receipt() {
    return this.job.receipt;
  }

  /** What points, a box or a sentence were found to mean. */
  get selection() {
    return this.job.selection;
  }

  /** What was sent along. */
  get metadata() {
    return this.job.metadata;
  }

  /**
   * Fetch the picture, as a file's bytes (a Buffer).
   * @param {import("./types").Abortable} [options]
   * @returns {Promise<Uint8Array>}
   */
  async bytes({ signal } = {}) {
    return collected((sink) => this.#fetch(this.job, { sink, signal }));
  }

  /**
   * Fetch the picture into this file, and return its path. An interrupted download leaves what was there before.
   * @param {string | URL} path
   * @param {import("./types").SaveOptions} [options]
   * @returns {Promise<string>}
   */
  async save(path, { overwrite = true, signal } = {}) {
    return writeWhole(path, { overwrite, fill: (sink) => this.#fetch(this.job, { sink, signal }) });
  }
}

/**
 * @param {(sink: Sink) => Promise<void>} fill
 * @returns {Promise<Uint8Array>}
 */
async function collected(fill) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  await fill({ begin: () => void chunks.splice(0), write: (chunk) => chunks.push(chunk) });
  return Buffer.concat(chunks);
}

module.exports = { Result, collected };
