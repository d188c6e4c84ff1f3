/**
 * PixelAPI's published client, in JavaScript's way of writing, answered by Pixelsite.
 *
 *     const { PixelAPI } = require("pixelsite-client/pixelapi");
 *     const client = new PixelAPI({ apiKey: "…", baseUrl: "https://pixelsite.example" });
 *     await (await client.removeObject({ image: "photo.jpg", mask: "mask.png" })).save("clean.jpg");
 */
"use strict";

const { Pixelsite } = require("./client.js");
const { Result } = require("./results.js");

/** @typedef {import("./types").Job} Job */

/** A result under the names of PixelAPI's answers. */
class PixelAPIResult extends Result {
  #result;

  /** @param {Result} result */
  constructor(result) {
    super(result.job, async () => {});
    this.#result = result;
  }

  get generationId() {
    return this.id;
  }

  get outputUrl() {
    return this.url;
  }

  get status() {
    return this.job.status;
  }

  /**
   * Fetch the picture, as a file's bytes (a Buffer).
   * @param {import("./types").Abortable} [options]
   */
  bytes(options) {
    return this.#result.bytes(options);
  }

  /**
   * Fetch the picture into this file, and return its path.
   * @param {string | URL} path
   * @param {import("./types").SaveOptions} [options]
   */
  save(path, options) {
    return this.#result.save(path, options);
  }
}

/** `removeObject`, `get`, `balance`, `usage`, `models`. Everything else is under `pixelsite`. */
class PixelAPI {
  /** @param {import("./types").Settings} [settings] */
  constructor(settings) {
    this.pixelsite = new Pixelsite(settings);
  }

  /**
   * Remove what is pointed at, and return the result once it is there.
   * @param {{ image?: import("./types").Picture, imageUrl?: string } & import("./types").SubmitOptions
   *   & import("./types").Waiting} options
   * @returns {Promise<PixelAPIResult>}
   */
  async removeObject({ image, imageUrl, ...options }) {
    const source = image ?? imageUrl;
    if (source === undefined || (image !== undefined && imageUrl !== undefined)) {
      throw new TypeError("Give either image or imageUrl.");
    }
    return new PixelAPIResult(await this.pixelsite.removeObject(source, options));
  }

  /**
   * How a job stands.
   * @param {string} generationId
   * @returns {Promise<Job>}
   */
  async get(generationId) {
    return this.pixelsite.get(generationId);
  }

  /**
   * `credits_remaining`, `plan`, `email`.
   * @returns {Promise<Record<string, any>>}
   */
  async balance() {
    return { ...(await this.pixelsite.balance()).raw };
  }

  /**
   * The most recent jobs.
   * @param {{ limit?: number }} [options]
   * @returns {Promise<Record<string, any>[]>}
   */
  async usage({ limit = 20 } = {}) {
    /** @type {Record<string, any>[]} */
    const lines = [];
    if (limit < 1) return lines;
    for await (const line of this.pixelsite.usage({ pageSize: Math.min(limit, 100) })) {
      lines.push({ ...line.raw });
      if (lines.length >= limit) break;
    }
    return lines;
  }

  /**
   * Every operation with its price.
   * @returns {Promise<Record<string, any>[]>}
   */
  async models() {
    return (await this.pixelsite.models()).map((model) => ({ ...model.raw }));
  }
}

module.exports = { PixelAPI, PixelAPIResult };
