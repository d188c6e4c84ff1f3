// Where the photo is on the screen: fitted, zoomed, moved, pinched. It moves a sheet in an element by a CSS transform.

const MARGIN_PX = 16;
const DEEPEST_ZOOM = 12;

/** @typedef {{x: number, y: number}} Spot  in screen pixels of the element */

export class PhotoView {
  scale = 1;
  left = 0;
  top = 0;
  #width = 0;
  #height = 0;
  /** Pixels of the preview per pixel of the photo. */
  #shrink = 1;
  #isFitted = true;
  /** Of two fingers: where the middle is, and how far they are apart. @type {{x: number, y: number, spread: number}|null} */
  #pinch = null;

  /** @param {HTMLElement} element @param {HTMLElement} sheet @param {() => void} changed  called when the photo was moved or zoomed */
  constructor(element, sheet, changed) {
    this.element = element;
    this.sheet = sheet;
    this.changed = changed;
    new ResizeObserver(() => { if (this.#isFitted) this.fit(); else this.#place(); }).observe(element);
  }

  /** @param {number} width @param {number} height @param {number} shrink */
  show(width, height, shrink) {
    this.#width = width;
    this.#height = height;
    this.#shrink = shrink;
    this.fit();
  }

  get fitScale() {
    const { clientWidth, clientHeight } = this.element;
    const room = Math.min((clientWidth - 2 * MARGIN_PX) / this.#width, (clientHeight - 2 * MARGIN_PX) / this.#height);
    return Math.max(0.001, Math.min(room, 4));
  }

  fit() {
    if (!this.#width) return;
    this.scale = this.fitScale;
    this.left = (this.element.clientWidth - this.#width * this.scale) / 2;
    this.top = (this.element.clientHeight - this.#height * this.scale) / 2;
    this.#isFitted = true;
    this.#place();
  }

  /** @param {number} factor @param {number} [x] @param {number} [y] the point that stays */
  zoom(factor, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2) {
    const least = this.fitScale;
    const scale = Math.min(Math.max(this.scale * factor, least), Math.max(least, 1) * DEEPEST_ZOOM);
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.#isFitted = scale === least;
    this.#place();
  }

  /** @param {number} right @param {number} down */
  pan(right, down) {
    this.left += right;
    this.top += down;
    this.#isFitted = false;
    this.#place();
  }

  /** @param {Spot} a @param {Spot} b */
  startPinch(a, b) { this.#pinch = between(a, b); }

  endPinch() { this.#pinch = null; }

  get isPinching() { return this.#pinch !== null; }

  /** The fingers have moved. @param {Spot} a @param {Spot} b */
  pinch(a, b) {
    const before = this.#pinch;
    if (!before) return;
    const now = between(a, b);
    this.left += now.x - before.x;
    this.top += now.y - before.y;
    this.zoom(now.spread / before.spread, now.x, now.y);
    this.#pinch = now;
  }

  /** @param {Spot} spot @returns {Spot} in pixels of the photo, which it may miss */
  toPhoto({ x, y }) {
    return { x: (x - this.left) / this.scale, y: (y - this.top) / this.scale };
  }

  /** Moves the sheet where it belongs, never letting the photo slide out of sight. */
  #place() {
    if (!this.#width) return;
    const within = (/** @type {number} */ start, /** @type {number} */ length, /** @type {number} */ room) =>
      length <= room ? (room - length) / 2 : Math.min(MARGIN_PX, Math.max(room - length - MARGIN_PX, start));
    this.left = within(this.left, this.#width * this.scale, this.element.clientWidth);
    this.top = within(this.top, this.#height * this.scale, this.element.clientHeight);
    const scale = this.scale / this.#shrink;
    this.sheet.style.transform = `translate(${this.left}px, ${this.top}px) scale(${scale})`;
    this.sheet.style.setProperty("--unscale", String(1 / scale)); // for what keeps its size at any zoom
    this.changed();
  }
}

/** @param {Spot} a @param {Spot} b */
function between(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, spread: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
}
