// <mask-canvas>: shows a photo, lets people paint a mask over it, hands the mask out as a PNG.
//
// A 24-megapixel photo must stay smooth on a phone. So the screen shows a preview of at most
// PREVIEW_SIDE pixels, moved and zoomed by a CSS transform; strokes are kept as vectors in pixels of
// the full photo; the full-size mask is drawn only for export.
//
// Work goes in rounds. A round is what was painted before one erase; after "erase more" the earlier
// rounds stay in the mask, but undo, the eraser and clear touch the current round only.
//
// Event: "change", when what is painted has changed.

/** @typedef {{erases: boolean, size: number, points: number[]}} Stroke  points: x, y, x, y… in photo pixels */
/** @typedef {Stroke | "clear"} Step */

const PREVIEW_SIDE = 2048;
const MARGIN_PX = 16;
const BRUSH_MIN_PX = 4;
const BRUSH_MAX_PX = 160;
const DEEPEST_ZOOM = 12;
// A thinner dot between two pixels of the photo would cover neither.
const THINNEST_PX = 2;

class MaskCanvas extends HTMLElement {
  /** Diameter of the brush in screen pixels: the same under the finger at any zoom. */
  brush = 36;
  erasing = false;
  width = 0;
  height = 0;
  enabled = true;

  connectedCallback() {
    this.sheet = this.appendChild(document.createElement("div"));
    this.sheet.className = "sheet";
    this.photo = this.sheet.appendChild(document.createElement("canvas"));
    this.tint = this.sheet.appendChild(document.createElement("canvas"));
    this.tint.className = "tint";
    this.ring = this.appendChild(document.createElement("div"));
    this.ring.className = "ring";
    this.ring.hidden = true;
    /** @type {Map<number, {x: number, y: number}>} */
    this.touches = new Map();
    this.#forget();
    new ResizeObserver(() => { if (this.fitted) this.fit(); else if (this.width) this.#place(); }).observe(this);

    this.addEventListener("pointerdown", this.#down);
    this.addEventListener("pointermove", this.#move);
    this.addEventListener("pointerup", this.#up);
    this.addEventListener("pointercancel", this.#up);
    this.addEventListener("keydown", this.#key);
    this.addEventListener("wheel", this.#wheel, { passive: false });
    this.addEventListener("pointerleave", () => { if (!this.stroke) this.ring.hidden = true; });
    this.addEventListener("contextmenu", (event) => event.preventDefault());
    this.addEventListener("blur", () => { this.#end(); this.ring.hidden = true; });
  }

  #forget() {
    this.earlier = /** @type {Stroke[][]} */ ([]);
    this.steps = /** @type {Step[]} */ ([]);
    this.undone = /** @type {Step[]} */ ([]);
    this.stroke = /** @type {Stroke | null} */ (null);
  }

  // --- Photo ---------------------------------------------------------------------------------

  /** @param {Blob} file  throws when this browser cannot read it */
  async load(file) {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    this.#forget();
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.shrink = Math.min(1, PREVIEW_SIDE / Math.max(this.width, this.height));
    for (const canvas of [this.photo, this.tint]) {
      canvas.width = Math.max(1, Math.round(this.width * this.shrink));
      canvas.height = Math.max(1, Math.round(this.height * this.shrink));
    }
    this.showPicture(bitmap);
    bitmap.close();
    this.#prepareTint();
    this.fit();
    this.dispatchEvent(new Event("change"));
  }

  /** Shows another picture under the mask: a result. @param {CanvasImageSource} picture */
  showPicture(picture) {
    const context = this.photo.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.clearRect(0, 0, this.photo.width, this.photo.height);
    context.drawImage(picture, 0, 0, this.photo.width, this.photo.height);
  }

  /** Hatched, so that the mask shows on a red rose too. The stripes keep one size on the screen. */
  #prepareTint() {
    const side = Math.max(4, Math.round(14 / this.#fitScale()));
    const tile = new OffscreenCanvas(side, side);
    const pen = tile.getContext("2d");
    pen.fillStyle = "#e11d4f";
    pen.fillRect(0, 0, side, side);
    pen.strokeStyle = "#ff7d9c";
    pen.lineWidth = side / 3;
    for (const shift of [-side, 0, side]) {
      pen.moveTo(shift - side / 2, side * 1.5);
      pen.lineTo(shift + side * 1.5, -side / 2);
    }
    pen.stroke();
    this.hatch = this.tint.getContext("2d").createPattern(tile, "repeat");
  }

  // --- What is painted -----------------------------------------------------------------------

  get canUndo() { return this.steps.length > 0; }
  get canRedo() { return this.undone.length > 0; }
  get canClear() { return this.#current.length > 0; }
  /** Strokes of the current round that still count. @returns {Stroke[]} */
  get #current() {
    return /** @type {Stroke[]} */ (this.steps.slice(this.steps.lastIndexOf("clear") + 1));
  }

  /** Is anything painted in this round? Looks at a small drawing, for the eraser may have taken it all. */
  get hasPaint() {
    const strokes = this.#current;
    if (!strokes.some((stroke) => !stroke.erases)) return false;
    const scale = Math.min(1, 256 / Math.max(this.width, this.height));
    const small = new OffscreenCanvas(Math.ceil(this.width * scale), Math.ceil(this.height * scale));
    const context = small.getContext("2d", { willReadFrequently: true });
    context.scale(scale, scale);
    for (const stroke of strokes) drawStroke(context, stroke, "#fff");
    const { data } = context.getImageData(0, 0, small.width, small.height);
    for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha] > 0) return true;
    return false;
  }

  /** Where the newest paint begins, in percent of the width. */
  get paintedFrom() {
    const lefts = this.#current.filter((stroke) => !stroke.erases)
      .map(({ points, size }) => points.reduce((least, at, i) => (i % 2 ? least : Math.min(least, at)), Infinity) - size / 2);
    return Math.min(100, Math.max(0, (100 * Math.min(...lefts)) / this.width));
  }

  undo() {
    const step = this.steps.pop();
    if (step) this.undone.push(step);
    this.#redraw();
  }

  redo() {
    const step = this.undone.pop();
    if (step) this.steps.push(step);
    this.#redraw();
  }

  clear() {
    this.steps.push("clear");
    this.undone = [];
    this.#redraw();
  }

  /** Begins the next round: what is painted stays in the mask and is no longer shown. */
  nextRound() {
    this.earlier.push(this.#current);
    this.steps = [];
    this.undone = [];
    this.#redraw();
  }

  #redraw() {
    const context = this.#tintContext();
    context.clearRect(0, 0, this.width + 1, this.height + 1); // the preview is rounded up
    for (const stroke of this.#current) drawStroke(context, stroke, this.hatch);
    this.dispatchEvent(new Event("change"));
  }

  /** Draws in pixels of the photo. */
  #tintContext() {
    const context = this.tint.getContext("2d");
    context.setTransform(this.shrink, 0, 0, this.shrink, 0, 0);
    return context;
  }

  /** The mask of all rounds at the photo's full size, as a PNG. Its drawing lives in mask-png.js. */
  async exportMask() {
    const { maskPng } = await import(this.dataset.encoder ?? "");
    return maskPng({ width: this.width, height: this.height, rounds: [...this.earlier, this.#current], drawStroke });
  }

  // --- View ----------------------------------------------------------------------------------

  #fitScale() {
    const room = Math.min((this.clientWidth - 2 * MARGIN_PX) / this.width, (this.clientHeight - 2 * MARGIN_PX) / this.height);
    return Math.max(0.001, Math.min(room, 4));
  }

  fit() {
    if (!this.width) return;
    this.scale = this.#fitScale();
    this.left = (this.clientWidth - this.width * this.scale) / 2;
    this.top = (this.clientHeight - this.height * this.scale) / 2;
    this.fitted = true;
    this.#place();
  }

  /** @param {number} factor @param {number} [x] @param {number} [y] the point that stays, in screen pixels of this element */
  zoom(factor, x = this.clientWidth / 2, y = this.clientHeight / 2) {
    const least = this.#fitScale();
    const scale = Math.min(Math.max(this.scale * factor, least), Math.max(least, 1) * DEEPEST_ZOOM);
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.fitted = scale === least;
    this.#place();
  }

  /** Moves the sheet where it belongs, never letting the photo slide out of sight. */
  #place() {
    const within = (/** @type {number} */ start, /** @type {number} */ length, /** @type {number} */ room) =>
      length <= room ? (room - length) / 2 : Math.min(MARGIN_PX, Math.max(room - length - MARGIN_PX, start));
    this.left = within(this.left, this.width * this.scale, this.clientWidth);
    this.top = within(this.top, this.height * this.scale, this.clientHeight);
    this.sheet.style.transform = `translate(${this.left}px, ${this.top}px) scale(${this.scale / this.shrink})`;
  }

  // --- Hands ---------------------------------------------------------------------------------

  /** @param {{clientX: number, clientY: number}} event */
  #spot(event) {
    const box = this.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (!this.enabled || !this.width) return;
    const spot = this.#spot(event);
    this.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      this.touches.set(event.pointerId, spot);
      if (this.touches.size > 1) return this.#startPinch();
    }
    if (event.button === 1 || event.shiftKey) {
      event.preventDefault();
      this.panning = spot;
      return;
    }
    this.#end(); // the keyboard may have left its brush down
    // Button 2 is the right one, 5 the eraser end of a pen.
    this.#begin(spot, this.erasing || event.button === 2 || event.button === 5);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.enabled || !this.width) return;
    const spot = this.#spot(event);
    if (this.touches.has(event.pointerId)) this.touches.set(event.pointerId, spot);
    if (this.pinch) return this.#pinched();
    if (this.panning) {
      this.left += spot.x - this.panning.x;
      this.top += spot.y - this.panning.y;
      this.panning = spot;
      this.fitted = false;
      return this.#place();
    }
    this.#showRing(spot);
    if (!this.stroke || !this.hasPointerCapture(event.pointerId)) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) this.#extend(this.#spot(move));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.touches.delete(event.pointerId);
    if (this.touches.size === 0) this.pinch = null;
    this.panning = null;
    if (event.pointerType === "touch") this.ring.hidden = true;
    this.#end();
  }

  /** A second finger: the first was not meant to paint. */
  #startPinch() {
    if (this.stroke) {
      this.stroke = null;
      this.steps.pop();
      this.#redraw();
    }
    this.ring.hidden = true;
    this.pinch = this.#fingers();
  }

  #fingers() {
    const [a, b] = [...this.touches.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, spread: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
  }

  #pinched() {
    if (this.touches.size < 2 || !this.pinch) return;
    const now = this.#fingers();
    this.left += now.x - this.pinch.x;
    this.top += now.y - this.pinch.y;
    this.zoom(now.spread / this.pinch.spread, now.x, now.y);
    this.pinch = now;
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!this.width) return;
    event.preventDefault();
    const spot = this.#spot(event);
    if (event.ctrlKey || event.metaKey) return this.zoom(Math.exp(-event.deltaY / 200), spot.x, spot.y);
    this.left -= event.deltaX;
    this.top -= event.deltaY;
    this.#place();
  }

  /** Arrows carry the brush, Space sets it down and lifts it. @param {KeyboardEvent} event */
  #key(event) {
    if (!this.enabled || !this.width || event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!direction && event.key !== " ") return;
    event.preventDefault();
    this.carried ??= { x: this.clientWidth / 2, y: this.clientHeight / 2 };
    if (direction) {
      const step = event.shiftKey ? 40 : 8;
      this.carried.x = Math.min(this.clientWidth, Math.max(0, this.carried.x + direction[0] * step));
      this.carried.y = Math.min(this.clientHeight, Math.max(0, this.carried.y + direction[1] * step));
      if (this.stroke) this.#extend(this.carried);
    } else if (this.stroke) {
      this.#end();
    } else {
      this.#begin(this.carried, this.erasing);
    }
    this.#showRing(this.carried);
  }

  // --- Strokes -------------------------------------------------------------------------------

  /** @param {{x: number, y: number}} spot @param {boolean} erases */
  #begin(spot, erases) {
    this.stroke = { erases, size: Math.max(THINNEST_PX, this.brush / this.scale), points: [] };
    this.steps.push(this.stroke);
    this.undone = [];
    this.#showRing(spot);
    this.#extend(spot);
  }

  /** @param {{x: number, y: number}} spot */
  #extend(spot) {
    const { points } = this.stroke;
    points.push((spot.x - this.left) / this.scale, (spot.y - this.top) / this.scale);
    drawStroke(this.#tintContext(), { ...this.stroke, points: points.slice(-4) }, this.hatch);
  }

  #end() {
    if (!this.stroke) return;
    this.stroke = null;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {number} diameter in screen pixels */
  resizeBrush(diameter) {
    this.brush = Math.round(Math.min(BRUSH_MAX_PX, Math.max(BRUSH_MIN_PX, diameter)));
    if (this.ringSpot) this.#showRing(this.ringSpot);
  }

  /** Shows for a moment how large the brush is, in the middle: fingers have no pointer to hover with. */
  previewBrush() {
    this.#showRing({ x: this.clientWidth / 2, y: this.clientHeight / 2 });
    clearTimeout(this.ringTimer);
    this.ringTimer = setTimeout(() => { this.ring.hidden = true; }, 900);
  }

  /** @param {{x: number, y: number}} spot */
  #showRing(spot) {
    clearTimeout(this.ringTimer);
    this.ringSpot = spot;
    this.ring.hidden = false;
    this.ring.style.width = this.ring.style.height = `${this.brush}px`;
    this.ring.style.transform = `translate(${spot.x}px, ${spot.y}px) translate(-50%, -50%)`;
  }
}

/**
 * Canvas paths leave out lines without length, so a dot begins every stroke.
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context
 * @param {Stroke} stroke
 * @param {string | CanvasPattern} paint
 */
function drawStroke(context, { erases, size, points }, paint) {
  context.globalCompositeOperation = erases ? "destination-out" : "source-over";
  context.fillStyle = context.strokeStyle = paint;
  context.beginPath();
  context.arc(points[0], points[1], size / 2, 0, 2 * Math.PI);
  context.fill();
  context.lineWidth = size;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(points[0], points[1]);
  for (let i = 2; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
  context.stroke();
}

customElements.define("mask-canvas", MaskCanvas);
