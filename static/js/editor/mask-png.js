// Turns marks into the mask the server wants: a PNG of the photo's full size, white = remove,
// black = keep, one bit a pixel. Drawn in bands of rows, so a 24-megapixel photo never needs a
// canvas of 100 MB (phones refuse those). Loaded by mask-canvas.js when a mask is first wanted.

/** @typedef {import("./marks.js").Mark} Mark */

const BAND_ROWS = 256;

/**
 * @param {object} wanted
 * @param {number} wanted.width
 * @param {number} wanted.height
 * @param {Mark[][]} wanted.rounds  united; an eraser stroke takes from its own round only
 * @param {typeof import("./marks.js")} wanted.marks
 */
export async function maskPng({ width, height, rounds, marks: { drawMark, reach } }) {
  const band = new OffscreenCanvas(width, Math.min(BAND_ROWS, height));
  const context = band.getContext("2d", { willReadFrequently: true });
  const bytesPerRow = 1 + Math.ceil(width / 8); // PNG: one filter byte before each row
  const rows = new Uint8Array(bytesPerRow * height);
  for (let top = 0; top < height; top += BAND_ROWS) {
    const count = Math.min(BAND_ROWS, height - top);
    for (const round of rounds) {
      const marks = round.filter((mark) => touchesRows(reach(mark), top, top + count));
      if (!marks.length) continue;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalCompositeOperation = "source-over";
      context.clearRect(0, 0, width, count);
      context.setTransform(1, 0, 0, 1, 0, -top);
      for (const mark of marks) drawMark(context, mark, "#fff");
      const { data } = context.getImageData(0, 0, width, count);
      for (let y = 0; y < count; y++) {
        const start = (top + y) * bytesPerRow + 1;
        for (let x = 0; x < width; x++) {
          if (data[(y * width + x) * 4 + 3] >= 128) rows[start + (x >> 3)] |= 0x80 >> (x & 7);
        }
      }
    }
    await new Promise((resolve) => { setTimeout(resolve); }); // let the page breathe between bands
  }
  return encodeBitPng(width, height, rows);
}

/** @param {{top: number, bottom: number}} reach @param {number} from @param {number} to */
const touchesRows = ({ top, bottom }, from, to) => bottom >= from && top < to;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** A PNG chunk: length, type, data, CRC of type and data. @param {string} type @param {Uint8Array} data */
function pngChunk(type, data) {
  const chunk = new Uint8Array(data.length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
  chunk.set(data, 8);
  let crc = -1;
  for (let i = 4; i < data.length + 8; i++) crc = CRC_TABLE[(crc ^ chunk[i]) & 0xff] ^ (crc >>> 8);
  view.setUint32(data.length + 8, ~crc);
  return chunk;
}

/**
 * One bit a pixel is all a mask needs: 24 megapixels are 3 MB before compression.
 * @param {number} width @param {number} height @param {Uint8Array} rows each with its filter byte
 */
async function encodeBitPng(width, height, rows) {
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const body = new Uint8Array(await new Response(packed).arrayBuffer());
  const header = new Uint8Array(13); // width, height, bit depth 1, colour type 0 (grey), no options
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header[8] = 1;
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts = [signature, pngChunk("IHDR", header), pngChunk("IDAT", body), pngChunk("IEND", new Uint8Array())];
  return new Blob(parts, { type: "image/png" });
}
