// <mask-canvas>: shows a photo, lets people paint a mask over it or point at things in it, hands the mask out as a PNG.
//
// A 24-megapixel photo must stay smooth on a phone. So the screen shows a preview of at most
// PREVIEW_SIDE pixels, moved and zoomed by a CSS transform; strokes are kept as vectors in pixels of
// the full photo, found areas as pictures no larger than the preview; the full-size mask is drawn only for export.
//
// Events: "change", when what is painted has changed; "pick", when the select tool points at something.

/** @typedef {import("./marks.js").Stroke} Stroke */
/** @typedef {import("./marks.js").Area} Area */
/** @typedef {import("./photo-view.js").Spot} Spot */
/** @typedef {import("./pointing.js").Click} Click */
/** @typedef {import("./pointing.js").Box} Box */
/** @typedef {"brush" | "eraser" | "select"} Tool */
/** @typedef {{click: Click} | {box: Box}} Pick  in pixels of the photo, inside it */

// By the addresses in the page and not by plain imports: only the template knows the hashed names.
const addresses = /** @type {HTMLElement} */ (document.querySelector("mask-canvas")).dataset;
const [marks, { Rounds }, { PhotoView }, { showPointed, withinPhoto }] = await Promise.all(
  [addresses.marks, addresses.rounds, addresses.view, addresses.pointing].map((address) => import(address ?? "")),
);

const PREVIEW_SIDE = 2048;
const SNAPSHOT_QUALITY = 0.92; // no blocks that an edge could be mistaken for; about 1 MB at most
const BRUSH_MIN_PX = 4;
const BRUSH_MAX_PX = 160;
const POINTER_PX = 26; // the ring of the select tool, with a sign in it
// A thinner dot between two pixels of the photo would cover neither.
const THINNEST_PX = 2;
// A hand that means to click moves less than this, in screen pixels; a finger rolls more than a mouse slips.
const CLICK_SLIPS_PX = { mouse: 5, pen: 8, touch: 12 };

class MaskCanvas extends HTMLElement {
  /** Diameter of the brush in screen pixels: the same under the finger at any zoom. */
  brush = 36;
  /** @type {Tool} */
  tool = "brush";
  /** Does the select tool point at what is not meant? */
  minus = false;
  width = 0;
  height = 0;
  enabled = true;

  connectedCallback() {
    this.sheet = this.appendChild(document.createElement("div"));
    this.sheet.className = "sheet";
    this.photo = this.sheet.appendChild(document.createElement("canvas"));
    this.tint = this.sheet.appendChild(document.createElement("canvas"));
    this.tint.className = "tint";
    this.pointed = this.sheet.appendChild(document.createElement("div"));
    this.pointed.className = "pointed";
    this.view = new PhotoView(this, this.sheet);
    this.ring = this.appendChild(document.createElement("div"));
    this.ring.className = "ring";
    this.ring.hidden = true;
    /** @type {Map<number, {x: number, y: number}>} */
    this.touches = new Map();
    this.#forget();

    this.addEventListener("pointerdown", this.#down);
    this.addEventListener("pointermove", this.#move);
    this.addEventListener("pointerup", this.#up);
    this.addEventListener("pointercancel", this.#up);
    this.addEventListener("keydown", this.#key);
    this.addEventListener("wheel", this.#wheel, { passive: false });
    this.addEventListener("pointerleave", () => { if (!this.stroke) this.ring.hidden = true; });
    this.addEventListener("contextmenu", (event) => event.preventDefault());
    this.addEventListener("blur", () => { this.#end(); this.#dropAim(); this.ring.hidden = true; });
  }

  #forget() {
    this.painted = new Rounds();
    this.stroke = /** @type {Stroke | null} */ (null);
    this.aim = /** @type {{from: Spot, to: Spot, on: boolean, slip: number} | null} */ (null);
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
    this.view.show(this.width, this.height, this.shrink);
    this.#prepareTint();
    this.dispatchEvent(new Event("change"));
  }

  /** Shows another picture under the mask: a result. @param {CanvasImageSource} picture */
  showPicture(picture) {
    const context = this.photo.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.clearRect(0, 0, this.photo.width, this.photo.height);
    context.drawImage(picture, 0, 0, this.photo.width, this.photo.height);
    this.shot = null;
  }

  /** What is shown, without the mask, as a JPEG of the preview's size: for looking for objects in it. @returns {Promise<Blob>} */
  snapshot() {
    this.shot ??= this.#takeSnapshot();
    return this.shot;
  }

  #takeSnapshot() {
    const copy = new OffscreenCanvas(this.photo.width, this.photo.height);
    const context = copy.getContext("2d");
    context.fillStyle = "#fff"; // a JPEG would turn what is transparent black
    context.fillRect(0, 0, copy.width, copy.height);
    context.drawImage(this.photo, 0, 0);
    return copy.convertToBlob({ type: "image/jpeg", quality: SNAPSHOT_QUALITY });
  }

  /** Hatched, so that the mask shows on a red rose too. The stripes keep one size on the screen. */
  #prepareTint() {
    const tile = marks.hatchTile(Math.max(4, Math.round(14 / this.view.fitScale)));
    this.hatch = this.tint.getContext("2d").createPattern(tile, "repeat");
  }

  // --- What is painted -----------------------------------------------------------------------

  get canUndo() { return this.painted.canUndo; }
  get canRedo() { return this.painted.canRedo; }
  get canClear() { return this.painted.current.length > 0; }

  /** Is anything painted in this round? */
  get hasPaint() { return marks.leavePaint(this.painted.current, this); }

  /** Where the newest paint begins, in percent of the width. */
  get paintedFrom() {
    const lefts = this.painted.current.filter((mark) => !mark.erases).map((mark) => marks.reach(mark).left);
    return Math.min(100, Math.max(0, (100 * Math.min(...lefts)) / this.width));
  }

  undo() {
    this.painted.undo();
    this.#redraw();
  }

  redo() {
    this.painted.redo();
    this.#redraw();
  }

  clear() {
    this.painted.add("clear");
    this.#redraw();
  }

  /** Begins the next round: what is painted stays in the mask and is no longer shown. */
  nextRound() {
    this.painted.next();
    this.#redraw();
  }

  /** Paints what was found. @param {Area} area @param {Area|null} earlier  what it is a better answer than */
  putArea(area, earlier) {
    marks.hatchArea(area, this.hatch);
    if (earlier) this.painted.replace(earlier, area);
    else this.painted.add(area);
    this.#redraw();
  }

  #redraw() {
    const context = this.#tintContext();
    context.clearRect(0, 0, this.width + 1, this.height + 1); // the preview is rounded up
    for (const mark of this.painted.current) marks.drawMark(context, mark, this.hatch);
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
    return maskPng({ width: this.width, height: this.height, rounds: this.painted.all, marks });
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
    const isOther = event.button === 2 || event.button === 5;
    if (this.tool !== "select") return this.#begin(spot, this.tool === "eraser" || isOther);
    const slip = CLICK_SLIPS_PX[/** @type {keyof CLICK_SLIPS_PX} */ (event.pointerType)] ?? CLICK_SLIPS_PX.mouse;
    this.aim = { from: spot, to: spot, on: !(this.minus || event.altKey || isOther), slip };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.enabled || !this.width) return;
    const spot = this.#spot(event);
    if (this.touches.has(event.pointerId)) this.touches.set(event.pointerId, spot);
    if (this.view.isPinching) return this.#pinched();
    if (this.panning) {
      this.view.pan(spot.x - this.panning.x, spot.y - this.panning.y);
      this.panning = spot;
      return;
    }
    this.#showRing(spot);
    if (!this.hasPointerCapture(event.pointerId)) return;
    if (this.aim) return this.#drag(spot);
    if (!this.stroke) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) this.#extend(this.#spot(move));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.touches.delete(event.pointerId);
    if (this.touches.size === 0) this.view.endPinch();
    this.panning = null;
    if (event.pointerType === "touch") this.ring.hidden = true;
    this.#end();
    if (event.type === "pointercancel") this.#dropAim();
    else this.#shoot();
  }

  /** A second finger: the first was not meant to paint or to point. */
  #startPinch() {
    if (this.stroke) {
      this.stroke = null;
      this.painted.drop();
      this.#redraw();
    }
    this.#dropAim();
    this.ring.hidden = true;
    const [a, b] = this.touches.values();
    this.view.startPinch(a, b);
  }

  #pinched() {
    const [a, b] = this.touches.values();
    if (b) this.view.pinch(a, b);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!this.width) return;
    event.preventDefault();
    const spot = this.#spot(event);
    if (event.ctrlKey || event.metaKey) this.view.zoom(Math.exp(-event.deltaY / 200), spot.x, spot.y);
    else this.view.pan(-event.deltaX, -event.deltaY);
  }

  /** Arrows carry the brush, Space sets it down and lifts it, or clicks with the select tool. @param {KeyboardEvent} event */
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
    } else if (this.tool === "select") {
      if (!event.repeat) this.#click(this.carried, !this.minus);
    } else if (this.stroke) {
      this.#end();
    } else {
      this.#begin(this.carried, this.tool === "eraser");
    }
    this.#showRing(this.carried);
  }

  // --- Pointing ------------------------------------------------------------------------------

  /** @param {Spot} spot */
  #drag(spot) {
    this.aim.to = spot;
    const box = this.#dragged;
    if (box) showPointed(this.pointed, { clicks: [], box, isLooking: false }, this.shrink);
  }

  /** The box that is drawn; null for what is still a click, or meant to point at what is not meant. @returns {Box|null} */
  get #dragged() {
    const { from, to, on, slip } = this.aim;
    if (!on || Math.hypot(to.x - from.x, to.y - from.y) < slip) return null;
    return withinPhoto(this.view.toPhoto(from), this.view.toPhoto(to), this);
  }

  #shoot() {
    if (!this.aim) return;
    const { from, on } = this.aim;
    const box = this.#dragged;
    this.aim = null;
    if (box) this.#pick({ box });
    else this.#click(from, on);
  }

  #dropAim() {
    if (this.aim?.on && this.shown) this.showPointed(this.shown);
    this.aim = null;
  }

  /** @param {Spot} spot @param {boolean} on */
  #click(spot, on) {
    const { x, y } = this.view.toPhoto(spot);
    if (x >= 0 && y >= 0 && x < this.width && y < this.height) this.#pick({ click: { x, y, on } });
  }

  /** @param {Pick} detail */
  #pick(detail) {
    this.dispatchEvent(new CustomEvent("pick", { detail }));
  }

  /** Shows what was pointed at. @param {import("./pointing.js").Pointed} pointed */
  showPointed(pointed) {
    this.shown = pointed;
    showPointed(this.pointed, pointed, this.shrink);
  }

  // --- Strokes -------------------------------------------------------------------------------

  /** @param {Spot} spot @param {boolean} erases */
  #begin(spot, erases) {
    this.stroke = { erases, size: Math.max(THINNEST_PX, this.brush / this.view.scale), points: [] };
    this.painted.add(this.stroke);
    this.#showRing(spot);
    this.#extend(spot);
  }

  /** @param {Spot} spot */
  #extend(spot) {
    const { points } = this.stroke;
    const { x, y } = this.view.toPhoto(spot);
    points.push(x, y);
    marks.drawMark(this.#tintContext(), { ...this.stroke, points: points.slice(-4) }, this.hatch);
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

  /** @param {Spot} spot */
  #showRing(spot) {
    clearTimeout(this.ringTimer);
    this.ringSpot = spot;
    this.ring.hidden = false;
    const size = this.tool === "select" ? POINTER_PX : this.brush;
    this.ring.style.width = this.ring.style.height = `${size}px`;
    this.ring.style.transform = `translate(${spot.x}px, ${spot.y}px) translate(-50%, -50%)`;
  }
}

customElements.define("mask-canvas", MaskCanvas);
