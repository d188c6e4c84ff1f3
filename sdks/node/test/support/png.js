/** Pictures of 8-bit RGB, written and read as PNG without a library. */
"use strict";

const zlib = require("node:zlib");

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type), data]);
  let c = 0xffffffff;
  for (const byte of named) c = CRC[(c ^ byte) & 255] ^ (c >>> 8);
  const framed = Buffer.alloc(8 + named.length);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE((c ^ 0xffffffff) >>> 0, 4 + named.length);
  return framed;
}

/** `colour(x, y)` is `[r, g, b]`. */
function png(width, height, colour) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = [];
  for (let y = 0; y < height; y += 1) {
    rows.push(0);
    for (let x = 0; x < width; x += 1) rows.push(...colour(x, y));
  }
  const data = zlib.deflateSync(Buffer.from(rows));
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

/** Noise that a picture can be made of: the same each time. */
function noise(size = 32, seed = 3) {
  return png(size, size, (x, y) =>
    [0, 1, 2].map((c) => 60 + ((x * 7919 + y * 104729 + c * 1299709 + seed * 15485863) % 130)),
  );
}

/** `{ width, height, at(x, y) }` of a PNG that is 8-bit RGB and not interlaced; throws for any other. */
function pixels(content) {
  const file = Buffer.from(content);
  if (!file.subarray(0, 8).equals(SIGNATURE)) throw new Error("no PNG");
  const data = [];
  let facts;
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString("latin1", at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (type === "IHDR")
      facts = { width: body.readUInt32BE(0), height: body.readUInt32BE(4), kind: [...body.subarray(8)] };
    if (type === "IDAT") data.push(body);
    at += 12 + length;
  }
  if (String(facts.kind) !== "8,2,0,0,0") throw new Error(`PNG of another kind: ${facts.kind}`);
  const rows = unfiltered(zlib.inflateSync(Buffer.concat(data)), facts.width * 3, facts.height);
  return { ...facts, at: (x, y) => rows[y].subarray(x * 3, x * 3 + 3).toString("hex") };
}

function unfiltered(raw, stride, height) {
  const rows = [];
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)];
    const row = Buffer.from(raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)));
    const above = rows[y - 1] ?? Buffer.alloc(stride);
    for (let i = 0; i < stride; i += 1) {
      const [left, up, corner] = [i < 3 ? 0 : row[i - 3], above[i], i < 3 ? 0 : above[i - 3]];
      row[i] += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
    rows.push(row);
  }
  return rows;
}

function paeth(left, up, corner) {
  const [a, b, c] = [left, up, corner].map((one) => Math.abs(left + up - corner - one));
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

module.exports = { noise, pixels, png };
