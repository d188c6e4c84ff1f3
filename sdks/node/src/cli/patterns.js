/** Files that a pattern means: `*`, `?`, `[abc]` in a name, and `**` for any folders in between. */
"use strict";

const fs = require("node:fs");
const path = require("node:path");

/**
 * @param {string} written
 * @returns {string[]} In order; empty where nothing fits.
 */
function filesOf(written) {
  const parts = written.split("/");
  const isAbsolute = written.startsWith("/");
  const start = isAbsolute ? "/" : "";
  return [...new Set(matches(start, isAbsolute ? parts.slice(1) : parts))].filter(isFile).sort();
}

/**
 * @param {string} folder
 * @param {string[]} parts
 * @returns {string[]}
 */
function matches(folder, parts) {
  const [first = "", ...rest] = parts;
  if (!parts.length) return [folder];
  if (first === "**") {
    const below = entries(folder).filter((name) => !name.startsWith(".") && isFolder(path.join(folder, name)));
    return [...matches(folder, rest), ...below.flatMap((name) => matches(path.join(folder, name), parts))];
  }
  if (!/[*?[]/.test(first)) {
    const next = path.join(folder, first);
    return fs.existsSync(next) ? matches(next, rest) : [];
  }
  const pattern = regexOf(first);
  const isForHidden = first.startsWith(".");
  const found = entries(folder).filter((name) => pattern.test(name) && (isForHidden || !name.startsWith(".")));
  return found.flatMap((name) => matches(path.join(folder, name), rest));
}

/** @param {string} part */
function regexOf(part) {
  const source = part.replace(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (token, not, letters) => {
    if (letters) return `[${not ? "^" : ""}${letters.replace(/[\\\]^]/g, "\\$&")}]`;
    if (token === "*") return ".*";
    return token === "?" ? "." : token.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "su");
}

/** @param {string} folder */
function entries(folder) {
  try {
    return fs.readdirSync(folder || ".");
  } catch {
    return [];
  }
}

/** @param {string} file */
function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** @param {string} file */
function isFolder(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

module.exports = { filesOf, isFile, isFolder };
