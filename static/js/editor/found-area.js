// Turns the mask the server found into an area that can be painted: transparent but for what was found, and cut to it.

/** @typedef {import("./marks.js").Area} Area */

const SIDE_MAX = 4096; // larger ones are looked at coarser: memory

/**
 * @param {Blob} file  white on black, of any size that has the photo's shape
 * @param {{width: number, height: number}} photo
 * @returns {Promise<Area|null>} null: there is nothing white in it
 */
export async function areaOf(file, photo) {
  const bitmap = await createImageBitmap(file);
  const coarser = Math.min(1, SIDE_MAX / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [Math.ceil(bitmap.width * coarser), Math.ceil(bitmap.height * coarser)];
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const pixels = context.getImageData(0, 0, width, height);
  const found = keepWhite(pixels);
  if (!found) return null;
  const { left, top, right, bottom } = found;
  const picture = new OffscreenCanvas(right - left, bottom - top);
  picture.getContext("2d").putImageData(pixels, -left, -top);
  const [across, down] = [photo.width / width, photo.height / height];
  return {
    erases: false,
    picture,
    left: left * across,
    top: top * down,
    width: picture.width * across,
    height: picture.height * down,
  };
}

/** Makes black transparent. @param {ImageData} pixels @returns the box around what stays, or null */
function keepWhite({ data, width, height }) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 4) {
      const isWhite = data[i] >= 128;
      data[i + 3] = isWhite ? 255 : 0;
      if (!isWhite) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return right > left ? { left, top, right, bottom } : null;
}
