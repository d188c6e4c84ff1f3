/** A file that is there whole or not at all. */
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { randomUUID } = require("node:crypto");
const { fileURLToPath } = require("node:url");

/** @typedef {import("./transport.js").Sink} Sink */

/**
 * Let `fill` write into a file beside this one, and put it in its place once it is complete and on the disk.
 * Rejects with EEXIST, before anything is fetched for nothing, where `overwrite` is false and the file is there.
 * @param {string | URL} target
 * @param {{ overwrite: boolean, fill: (sink: Sink) => Promise<unknown> }} how
 * @returns {Promise<string>} The path.
 */
async function writeWhole(target, { overwrite, fill }) {
  const file = target instanceof URL ? fileURLToPath(target) : target;
  if (!overwrite && (await exists(file))) throw existsAlready(file);
  const part = path.join(path.dirname(file), `.${path.basename(file).slice(0, 80)}.${randomUUID()}.part`);
  try {
    // Appending: a try that begins again with an empty file begins at its beginning.
    const handle = await fs.promises.open(part, "ax");
    try {
      await fill({
        begin: () => handle.truncate(0),
        write: (chunk) => handle.appendFile(chunk),
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
    await (overwrite ? fs.promises.rename(part, file) : moveToNew(part, file));
  } finally {
    await fs.promises.rm(part, { force: true });
  }
  return file;
}

/**
 * Another program may have written the file meanwhile: only the file system knows.
 * @param {string} part
 * @param {string} file
 */
async function moveToNew(part, file) {
  try {
    await fs.promises.link(part, file);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") throw existsAlready(file);
    // No hard links here: this refuses an existing file as well.
    await fs.promises.copyFile(part, file, fs.constants.COPYFILE_EXCL);
  }
}

/** @param {string} file */
async function exists(file) {
  return fs.promises.lstat(file).then(
    () => true,
    () => false,
  );
}

/** @param {string} file */
function existsAlready(file) {
  return Object.assign(new Error(`${file} exists`), { code: "EEXIST", path: file });
}

module.exports = { exists, writeWhole };
