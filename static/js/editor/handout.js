// Hands a result out: as the file the site made, in another format, or on the clipboard.

/** @typedef {"original" | "jpeg" | "png" | "webp"} Format */

const QUALITY = 0.92;
/** @type {Record<string, string>} */
const EXTENSIONS = { "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/bmp": "bmp", "image/tiff": "tif", "image/avif": "avif" };

/** The result in a format; "original" is the very file the site made, with all its metadata.
 * @param {Blob} picture @param {Format} format @returns {Promise<Blob>} */
export async function inFormat(picture, format) {
  if (format === "original" || picture.type === `image/${format}`) return picture;
  const bitmap = await createImageBitmap(picture, { imageOrientation: "from-image" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  if (format === "jpeg") {
    context.fillStyle = "#fff"; // a JPEG would turn what is transparent black
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: `image/${format}`, quality: QUALITY });
}

/** @param {Blob} blob @param {string} name  of the file */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers begin to read late
}

/** @param {string} name  of the photo @param {string} what @param {string} type  of the file that is handed out */
export function nameFor(name, what, type) {
  return `${name.replace(/\.[^.]*$/, "") || "photo"}-${what}.${EXTENSIONS[type] ?? "png"}`;
}

/** The clipboard takes PNG only. @param {Blob} picture @returns {Promise<void>} */
export function copy(picture) {
  // A promise inside: Safari forbids the clipboard once anything was waited for.
  return navigator.clipboard.write([new ClipboardItem({ "image/png": inFormat(picture, "png") })]);
}
