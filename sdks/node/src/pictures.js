/** A picture, as callers have it, as it is sent: as a Blob that can be sent more than once, or as an address. */
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { fileURLToPath } = require("node:url");

/** @typedef {{ name: string, content: Blob }} Upload */
/** @typedef {{ address: string }} Address */

const WHAT_IT_IS = "a path, an address, bytes, a Blob or a stream of bytes";

/**
 * Rejects with the file system's error where there is no such file, with a `TypeError` for what is no picture.
 * @param {unknown} picture
 * @returns {Promise<Upload | Address>}
 */
async function readPicture(picture) {
  if (picture instanceof URL) {
    return picture.protocol === "file:" ? readFile(fileURLToPath(picture)) : { address: picture.href };
  }
  if (typeof picture === "string") return isAddress(picture) ? { address: picture } : readFile(picture);
  if (picture instanceof Blob) return { name: nameOf(picture), content: picture };
  if (picture instanceof Uint8Array || picture instanceof ArrayBuffer) {
    return { name: "picture", content: blobOf([picture]) };
  }
  if (isAsyncIterable(picture)) return { name: nameOf(picture), content: blobOf(await collected(picture)) };
  throw new TypeError(`A picture is ${WHAT_IT_IS}, not ${picture === null ? "null" : typeof picture}.`);
}

/**
 * Whether this is an http or https address rather than a path.
 * @param {string} written
 */
function isAddress(written) {
  return /^https?:\/\//i.test(written);
}

/**
 * @param {string} file
 * @returns {Promise<Upload>}
 */
async function readFile(file) {
  const name = path.basename(file);
  // Reading fails here, with a path and a reason, rather than in the middle of an upload.
  const handle = await fs.promises.open(file, "r");
  try {
    const facts = await handle.stat();
    if (facts.isDirectory()) throw Object.assign(new Error(`EISDIR: ${file} is a folder`), { code: "EISDIR" });
    // Since Node 19.8 a file is read while it is sent. What is no plain file, such as a pipe, is read once, now.
    const openAsBlob = /** @type {any} */ (fs).openAsBlob;
    if (typeof openAsBlob === "function" && facts.isFile()) return { name, content: await openAsBlob(file) };
    return { name, content: blobOf([await handle.readFile()]) };
  } finally {
    await handle.close();
  }
}

/**
 * @param {AsyncIterable<unknown>} stream
 * @returns {Promise<Uint8Array[]>}
 */
async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("A stream of a picture yields bytes: set no encoding.");
    chunks.push(chunk);
  }
  return chunks;
}

/**
 * Copies them: what becomes of the caller's bytes afterwards changes nothing.
 * @param {(Uint8Array | ArrayBuffer)[]} parts
 */
function blobOf(parts) {
  return new Blob(/** @type {any[]} */ (parts));
}

/**
 * The name of a File, or of the file that a stream reads.
 * @param {object} picture
 */
function nameOf(picture) {
  const { name, path: file } = /** @type {{ name?: unknown, path?: unknown }} */ (picture);
  const found = typeof name === "string" ? name : file;
  return (typeof found === "string" && path.basename(found)) || "picture";
}

/**
 * @param {unknown} value
 * @returns {value is AsyncIterable<unknown>}
 */
function isAsyncIterable(value) {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

module.exports = { isAddress, readPicture };
