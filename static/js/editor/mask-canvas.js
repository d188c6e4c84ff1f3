// <mask-canvas>: shows a photo, lets people paint a mask over it or point at things in it, hands the mask out as a PNG.
//
// A 50-megapixel photo must stay smooth on a phone. So the screen shows a preview of at most PREVIEW_SIDE pixels,
// moved and zoomed by a CSS transform, with the part in sight at its own size once it stands still; strokes are kept
// as vectors in pixels of the full photo, found areas as pictures no larger than the preview; the full-size mask is
// drawn only for export.
//
// Events: "change", when what is painted has changed, with detail.isDone at the end of a stroke; "pick", when the
// select tool points at something; "view", when the photo was moved or zoomed.

import { CloseUp } from "./close-up.js";
import { Hands } from "./hands.js";
import * as marks from "./marks.js";
import { PhotoView } from "./photo-view.js";
import { showPointed } from "./pointing.js";
import { Rounds } from "./rounds.js";

/** @typedef {import("./marks.js").Area} Area */
/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./photo-view.js").Spot} Spot */
/** @typedef {import("./pointing.js").Click} Click */
/** @typedef {import("./pointing.js").Box} Box */
/** @typedef {import("./pointing.js").Pointed} Pointed */
/** @typedef {"brush" | "eraser" | "lasso" | "rectangle" | "select"} Tool */
/** @typedef {{click: Click} | {box: Box}} Pick  in pixels of the photo, inside it */

const PREVIEW_SIDE = 2048;
const SNAPSHOT_QUALITY = 0.92; // no blocks that an edge could be mistaken for; about 1 MB at most
const BRUSH_MIN_PX = 1;
const BRUSH_MAX_PX = 500;
const POINTER_PX = 26; // the ring of the tools that have no size, with a sign in it
const SVG = "http://www.w3.org/2000/svg";

export class MaskCanvas extends HTMLElement {
  /** Diameter of the brush in screen pixels: the same under the finger at any zoom. */
  brush = 36;
  /** How far the edge of the paint is soft, in pixels of the photo. */
  softPx = 0;
  /** @type {Tool} */
  tool = "brush";
  /** Does the select tool point at what is not meant? */
  minus = false;
  width = 0;
  height = 0;
  enabled = true;
  /** Where the last stroke ended, in pixels of the photo. @type {Spot|null} */
  lastSpot = null;
  /** @type {Pointed} */
  shown = { clicks: [], box: null, isLooking: false };
  painted = new Rounds();

  connectedCallback() {
    this.sheet = this.appendChild(document.createElement("div"));
    this.sheet.className = "sheet";
    this.photo = this.sheet.appendChild(document.createElement("canvas"));
    this.closeUp = new CloseUp(this.sheet);
    this.tint = this.sheet.appendChild(document.createElement("canvas"));
    this.tint.className = "tint";
    this.draft = this.sheet.appendChild(document.createElementNS(SVG, "svg"));
    this.draft.setAttribute("class", "draft");
    this.pointed = this.sheet.appendChild(document.createElement("div"));
    this.pointed.className = "pointed";
    this.view = new PhotoView(this, this.sheet, () => this.#viewChanged());
    this.ring = this.appendChild(document.createElement("div"));
    this.ring.className = "ring";
    this.ring.hidden = true;
    this.hands = new Hands(this);
  }

  // --- Photo ---------------------------------------------------------------------------------

  /** Shows a photo from the start. @param {Blob} file  throws when this browser cannot read it @param {Rounds} painted */
  async load(file, painted) {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    this.hands.startOver();
    this.lastSpot = null;
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.shrink = Math.min(1, PREVIEW_SIDE / Math.max(this.width, this.height));
    for (const canvas of [this.photo, this.tint]) {
      canvas.width = Math.max(1, Math.round(this.width * this.shrink));
      canvas.height = Math.max(1, Math.round(this.height * this.shrink));
    }
    this.draft.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.#draw(bitmap, file);
    this.view.show(this.width, this.height, this.shrink);
    this.#prepareTint();
    this.usePaint(painted);
  }

  /** Shows another picture of the same photo under the mask: a result. @param {Blob} picture */
  async showPicture(picture) {
    if (picture === this.picture) return;
    this.#draw(await createImageBitmap(picture, { imageOrientation: "from-image" }), picture);
  }

  /** @param {ImageBitmap} bitmap @param {Blob} picture */
  #draw(bitmap, picture) {
    const context = this.photo.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.clearRect(0, 0, this.photo.width, this.photo.height);
    context.drawImage(bitmap, 0, 0, this.photo.width, this.photo.height);
    bitmap.close();
    this.picture = picture;
    this.shot = null;
    this.closeUp.show(picture, this.shrink);
  }

  #viewChanged() {
    this.closeUp.look(this.view, this);
    this.dispatchEvent(new Event("view"));
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

  get canClear() { return this.painted.current.length > 0; }

  /** Is anything painted in this round? */
  get hasPaint() { return marks.leavePaint(this.painted.current, this); }

  /** Where the newest paint begins, in percent of the width. @param {Mark[]} round */
  startOf(round) {
    const lefts = round.filter((mark) => !mark.erases).map((mark) => marks.reach(mark).left);
    return Math.min(100, Math.max(0, (100 * Math.min(...lefts)) / this.width));
  }

  /** @param {Rounds} painted */
  usePaint(painted) {
    this.painted = painted;
    this.lastSpot = null;
    this.redraw();
    this.hasChanged();
  }

  clear() { this.put("clear"); }

  /** @param {import("./rounds.js").Step} step */
  put(step) {
    if (step !== "clear" && "picture" in step) marks.hatchArea(step, this.hatch);
    this.painted.add(step);
    this.redraw();
    this.hasChanged();
  }

  /** Paints what was found. @param {Area} area @param {Area|null} earlier  what it is a better answer than */
  putArea(area, earlier) {
    marks.hatchArea(area, this.hatch);
    if (earlier) this.painted.replace(earlier, area);
    else this.painted.add(area);
    this.redraw();
    this.hasChanged({ isDone: true });
  }

  /** @param {{isDone?: boolean}} [detail]  isDone: at the end of a stroke, or of something found */
  hasChanged(detail = {}) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }

  redraw() {
    const context = this.#tintContext();
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, this.width + 1, this.height + 1); // the preview is rounded up
    for (const mark of this.painted.current) marks.drawMark(context, mark, this.hatch);
  }

  /** Draws the last points of a stroke that grows. @param {import("./marks.js").Stroke} stroke @param {number} count */
  drawTail(stroke, count) {
    const tail = { ...stroke, points: stroke.points.slice(-2 * count) };
    if (stroke.sizes) tail.sizes = stroke.sizes.slice(-count);
    marks.drawMark(this.#tintContext(), tail, this.hatch);
  }

  /** Draws in pixels of the photo. */
  #tintContext() {
    const context = this.tint.getContext("2d");
    context.setTransform(this.shrink, 0, 0, this.shrink, 0, 0);
    return context;
  }

  /** The mask of all rounds at the photo's full size, as a PNG. Its drawing is loaded when it is first wanted. */
  async exportMask() {
    const { maskPng } = await import("./mask-png.js");
    return maskPng({ width: this.width, height: this.height, rounds: this.painted.all, marks });
  }

  // --- Pointing ------------------------------------------------------------------------------

  /** @param {Spot} spot @param {boolean} on */
  clickAt(spot, on) {
    const { x, y } = this.view.toPhoto(spot);
    if (x >= 0 && y >= 0 && x < this.width && y < this.height) this.pick({ click: { x, y, on } });
  }

  /** @param {Pick} detail */
  pick(detail) {
    this.dispatchEvent(new CustomEvent("pick", { detail }));
  }

  /** Shows what was pointed at. @param {Pointed} pointed */
  showPointed(pointed) {
    this.shown = pointed;
    this.drawPointed(pointed);
  }

  /** @param {Pointed} pointed */
  drawPointed(pointed) { showPointed(this.pointed, pointed, this.shrink); }

  /** The outline that is being drawn. @param {number[]|null} outline  x, y, x, y… in pixels of the photo */
  showDraft(outline) {
    if (!outline) return this.draft.replaceChildren();
    const polygon = this.draft.firstElementChild ?? this.draft.appendChild(document.createElementNS(SVG, "polygon"));
    return polygon.setAttribute("points", outline.join(" "));
  }

  // --- Brush ---------------------------------------------------------------------------------

  /** @param {number} diameter in screen pixels */
  resizeBrush(diameter) {
    this.brush = Math.round(Math.min(BRUSH_MAX_PX, Math.max(BRUSH_MIN_PX, diameter)));
    if (this.ringSpot && !this.ring.hidden) this.showRing(this.ringSpot);
  }

  /** Shows for a moment how large the brush is, in the middle: fingers have no pointer to hover with. */
  previewBrush() {
    this.showRing({ x: this.clientWidth / 2, y: this.clientHeight / 2 });
    clearTimeout(this.ringTimer);
    this.ringTimer = setTimeout(() => this.hideRing(), 900);
  }

  hideRing() { this.ring.hidden = true; }

  /** @param {Spot} spot */
  showRing(spot) {
    clearTimeout(this.ringTimer);
    this.ringSpot = spot;
    this.ring.hidden = false;
    const isBrush = this.tool === "brush" || this.tool === "eraser";
    const size = isBrush ? this.brush : POINTER_PX;
    this.ring.style.width = this.ring.style.height = `${size}px`;
    this.ring.style.setProperty("--soft", `${isBrush ? this.softPx * this.view.scale : 0}px`);
    this.ring.style.transform = `translate(${spot.x}px, ${spot.y}px) translate(-50%, -50%)`;
  }
}

customElements.define("mask-canvas", MaskCanvas);
