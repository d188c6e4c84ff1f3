// What a hand does between setting down and lifting: paints, encircles, frames, points, or carries the photo along.
// Each gesture is told where the hand is, in screen pixels of the canvas, and what became of it at the end.

import { withinPhoto } from "./pointing.js";

/** @typedef {import("./photo-view.js").Spot} Spot */
/** `pressure` from 0 to 1 where a pen tells it; `isStraight` while a line from the start is wanted.
 * @typedef {{pressure?: number, isStraight?: boolean}} How */
/** @typedef {{move: (spot: Spot, how: How) => void, end: () => void, drop: () => void}} Gesture */

// A thinner dot between two pixels of the photo would cover neither.
const THINNEST_PX = 2;
// A pen pressed half-way draws as wide as the mouse.
const PRESSED = { least: 0.2, most: 1.8 };
const CURVE_PX = 2; // an outline needs no point for less, in screen pixels

/** @implements {Gesture} */
export class Pan {
  /** @param {import("./photo-view.js").PhotoView} view @param {Spot} spot */
  constructor(view, spot) {
    this.view = view;
    this.last = spot;
  }

  /** @param {Spot} spot */
  move(spot) {
    this.view.pan(spot.x - this.last.x, spot.y - this.last.y);
    this.last = spot;
  }

  end() { /* the photo stays where it is */ }

  drop() { /* there, too */ }
}

/** The brush and the eraser. @implements {Gesture} */
export class Paint {
  /**
   * @param {any} canvas  the <mask-canvas>
   * @param {Spot} spot @param {{erases: boolean, pressure?: number, from?: Spot|null}} how  `from`: a line leads here, in pixels of the photo
   */
  constructor(canvas, spot, { erases, pressure, from }) {
    this.canvas = canvas;
    /** @type {import("./marks.js").Stroke} */
    this.stroke = { erases, size: Math.max(THINNEST_PX, canvas.brush / canvas.view.scale), points: [] };
    if (pressure) this.stroke.sizes = [];
    if (from) this.#put(from, pressure);
    this.#put(canvas.view.toPhoto(spot), pressure);
    canvas.painted.add(this.stroke);
    canvas.drawTail(this.stroke, from ? 2 : 1);
  }

  /** @param {Spot} spot @param {How} how */
  move(spot, { pressure, isStraight }) {
    const { points, sizes } = this.stroke;
    if (isStraight && points.length > 2) {
      points.length = 2;
      if (sizes) sizes.length = 1;
      this.#put(this.canvas.view.toPhoto(spot), pressure);
      return this.canvas.redraw();
    }
    this.#put(this.canvas.view.toPhoto(spot), pressure);
    return this.canvas.drawTail(this.stroke, 2);
  }

  end() {
    const { points } = this.stroke;
    this.canvas.lastSpot = { x: points[points.length - 2], y: points[points.length - 1] };
    this.canvas.hasChanged({ isDone: true });
  }

  drop() {
    this.canvas.painted.drop();
    this.canvas.redraw();
  }

  /** @param {Spot} spot  in pixels of the photo @param {number} [pressure] */
  #put({ x, y }, pressure) {
    this.stroke.points.push(x, y);
    const share = Math.min(PRESSED.most, Math.max(PRESSED.least, 2 * (pressure ?? 0.5)));
    this.stroke.sizes?.push(Math.max(THINNEST_PX, this.stroke.size * share));
  }
}

/** A shape whose outline is drawn: freely, or from corner to corner. @implements {Gesture} */
class Outline {
  /** @param {any} canvas @param {Spot} spot @param {boolean} erases */
  constructor(canvas, spot, erases) {
    this.canvas = canvas;
    this.erases = erases;
    this.first = this.last = spot;
    /** @type {number[]} */
    this.outline = [];
  }

  end() {
    this.canvas.showDraft(null);
    if (!hasArea(this.outline)) return;
    this.canvas.painted.add({ erases: this.erases, outline: this.outline });
    this.canvas.redraw();
    this.canvas.hasChanged({ isDone: true });
  }

  drop() { this.canvas.showDraft(null); }
}

export class Lasso extends Outline {
  /** @param {any} canvas @param {Spot} spot @param {boolean} erases */
  constructor(canvas, spot, erases) {
    super(canvas, spot, erases);
    this.#put(spot);
  }

  /** @param {Spot} spot */
  move(spot) {
    if (Math.hypot(spot.x - this.last.x, spot.y - this.last.y) < CURVE_PX) return;
    this.#put(spot);
    this.canvas.showDraft(this.outline);
  }

  /** @param {Spot} spot */
  #put(spot) {
    const { x, y } = this.canvas.view.toPhoto(spot);
    this.outline.push(x, y);
    this.last = spot;
  }
}

export class Rectangle extends Outline {
  /** @param {Spot} spot */
  move(spot) {
    const box = withinPhoto(this.canvas.view.toPhoto(this.first), this.canvas.view.toPhoto(spot), this.canvas);
    if (!box) return;
    const [left, top, right, bottom] = [Math.round(box.left), Math.round(box.top), Math.round(box.right), Math.round(box.bottom)];
    this.outline = [left, top, right, top, right, bottom, left, bottom];
    this.canvas.showDraft(this.outline);
  }
}

/** The select tool: a click on something, or a box around it. @implements {Gesture} */
export class Aim {
  /** @param {any} canvas @param {Spot} spot @param {{on: boolean, slip: number}} how  `slip`: a click moves less, in screen pixels */
  constructor(canvas, spot, { on, slip }) {
    this.canvas = canvas;
    this.from = this.to = spot;
    this.on = on;
    this.slip = slip;
  }

  /** @param {Spot} spot */
  move(spot) {
    this.to = spot;
    const box = this.#box;
    if (box) this.canvas.drawPointed({ clicks: [], box, isLooking: false });
  }

  end() {
    const box = this.#box;
    if (box) this.canvas.pick({ box });
    else this.canvas.clickAt(this.from, this.on);
  }

  drop() { this.canvas.drawPointed(this.canvas.shown); }

  /** The box that is drawn; null for what is still a click, or points at what is not meant. */
  get #box() {
    if (!this.on || Math.hypot(this.to.x - this.from.x, this.to.y - this.from.y) < this.slip) return null;
    return withinPhoto(this.canvas.view.toPhoto(this.from), this.canvas.view.toPhoto(this.to), this.canvas);
  }
}

/** Does an outline enclose at least a pixel? By the shoelace formula. @param {number[]} outline  x, y, x, y… */
function hasArea(outline) {
  let twice = 0;
  for (let i = 0; i < outline.length; i += 2) {
    const j = (i + 2) % outline.length;
    twice += outline[i] * outline[j + 1] - outline[j] * outline[i + 1];
  }
  return Math.abs(twice) >= 2;
}
