// The part of a large photo that is in sight, at its own size: laid over the coarse preview once the photo stands still.

const STANDS_STILL_MS = 160;
const WORTH_IT = 1.15; // zoomed in less beyond the preview, nobody sees a difference
const PIXELS_MAX = 12e6;

export class CloseUp {
  /** @type {Blob|null} */
  #picture = null;
  #shrink = 1;
  /** @type {number|undefined} */
  #timer;
  /** Counts what was asked for: an answer that comes too late is not shown. */
  #round = 0;

  /** @param {HTMLElement} sheet */
  constructor(sheet) {
    this.canvas = sheet.appendChild(document.createElement("canvas"));
    this.canvas.className = "close-up";
    this.canvas.hidden = true;
  }

  /** @param {Blob} picture @param {number} shrink  pixels of the preview per pixel of the photo */
  show(picture, shrink) {
    this.#picture = picture;
    this.#shrink = shrink;
    this.#hide();
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#round += 1;
    this.canvas.hidden = true;
  }

  /** The view has changed. @param {import("./photo-view.js").PhotoView} view @param {{width: number, height: number, clientWidth: number, clientHeight: number}} element */
  look(view, element) {
    clearTimeout(this.#timer);
    const isWorthIt = this.#shrink < 1 && view.scale * devicePixelRatio > this.#shrink * WORTH_IT;
    if (!isWorthIt) return this.#hide();
    this.#timer = setTimeout(() => this.#sharpen(partInSight(view, element), view.scale * devicePixelRatio), STANDS_STILL_MS);
    return undefined;
  }

  /** @param {{left: number, top: number, width: number, height: number}} part  in pixels of the photo @param {number} scale */
  async #sharpen({ left, top, width, height }, scale) {
    if (!this.#picture || width < 1 || height < 1) return;
    const round = ++this.#round;
    const size = Math.min(1, scale, Math.sqrt(PIXELS_MAX / (width * height)));
    const wanted = { resizeWidth: Math.ceil(width * size), resizeHeight: Math.ceil(height * size), resizeQuality: /** @type {const} */ ("high") };
    const bitmap = await createImageBitmap(this.#picture, left, top, width, height, { imageOrientation: "from-image", ...wanted }).catch(() => null);
    if (!bitmap) return; // the preview stays
    if (round === this.#round) this.#put(bitmap, { left, top, width, height });
    bitmap.close();
  }

  /** @param {ImageBitmap} bitmap @param {{left: number, top: number, width: number, height: number}} part */
  #put(bitmap, { left, top, width, height }) {
    const { style } = this.canvas;
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
    style.left = `${left * this.#shrink}px`;
    style.top = `${top * this.#shrink}px`;
    style.width = `${width * this.#shrink}px`;
    style.height = `${height * this.#shrink}px`;
    this.canvas.hidden = false;
  }
}

/** @param {import("./photo-view.js").PhotoView} view @param {{width: number, height: number, clientWidth: number, clientHeight: number}} element */
function partInSight(view, { width, height, clientWidth, clientHeight }) {
  const start = view.toPhoto({ x: 0, y: 0 });
  const end = view.toPhoto({ x: clientWidth, y: clientHeight });
  const left = Math.max(0, Math.floor(start.x));
  const top = Math.max(0, Math.floor(start.y));
  return { left, top, width: Math.min(width, Math.ceil(end.x)) - left, height: Math.min(height, Math.ceil(end.y)) - top };
}
