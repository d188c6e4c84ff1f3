/** What is in a ZIP file, by its central directory: only a file that came whole has one. */
"use strict";

const zlib = require("node:zlib");

function entries(file) {
  const found = new Map();
  const end = file.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new Error("no ZIP, or one that is cut");
  let at = file.readUInt32LE(end + 16);
  for (let n = file.readUInt16LE(end + 10); n > 0; n -= 1) {
    const isDeflated = file.readUInt16LE(at + 10) === 8;
    const [size, nameLength, extra, comment] = [
      file.readUInt32LE(at + 20),
      ...[28, 30, 32].map((o) => file.readUInt16LE(at + o)),
    ];
    const name = file.toString("utf8", at + 46, at + 46 + nameLength);
    const local = file.readUInt32LE(at + 42);
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const content = file.subarray(start, start + size);
    found.set(name, isDeflated ? zlib.inflateRawSync(content) : content);
    at += 46 + nameLength + extra + comment;
  }
  return found;
}

module.exports = { entries };
