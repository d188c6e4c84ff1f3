// Mouse, pen, fingers and keys over the photo, turned into gestures.
//
// One finger or the left button works with the chosen tool, the right button or a pen's other end erases; two fingers,
// the middle button, or Space with a drag carry the photo; the wheel zooms. With the keyboard alone, arrows carry the
// tool, and Space sets it down and lifts it.

import { Aim, Lasso, Paint, Pan, Rectangle } from "./gestures.js";

/** @typedef {import("./photo-view.js").Spot} Spot */
/** @typedef {import("./gestures.js").Gesture} Gesture */

// A hand that means to click moves less than this, in screen pixels; a finger rolls more than a mouse slips.
const CLICK_SLIPS_PX = { mouse: 5, pen: 8, touch: 12 };
const [RIGHT, MIDDLE, PEN_ERASER] = [2, 1, 5];
const STEP_PX = 8;
const LONG_STEP_PX = 40;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Hands {
  /** @type {Gesture|null} */
  gesture = null;
  /** @type {Map<number, Spot>} */
  #fingers = new Map();
  /** Where the keyboard carries the tool. @type {Spot|null} */
  #carried = null;
  /** Space is down: and whether it has carried the photo. */
  #space = { isDown: false, isUsed: false };

  /** @param {any} canvas  the <mask-canvas> */
  constructor(canvas) {
    this.canvas = canvas;
    const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ handler, options = {}) =>
      canvas.addEventListener(name, handler.bind(this), options);
    on("pointerdown", this.#down);
    on("pointermove", this.#move);
    on("pointerup", this.#up);
    on("pointercancel", this.#up);
    on("pointerleave", () => { if (!this.gesture) canvas.hideRing(); });
    on("keydown", this.#key);
    on("wheel", this.#wheel, { passive: false });
    on("contextmenu", (event) => event.preventDefault());
    on("blur", () => { this.#finish(); canvas.hideRing(); });
    document.addEventListener("keydown", (event) => this.#holdSpace(event));
    document.addEventListener("keyup", (event) => this.#letGoOfSpace(event));
    window.addEventListener("blur", () => this.#forgetSpace());
  }

  /** Another photo is shown. */
  startOver() {
    this.gesture = null;
    this.#carried = null;
    this.#fingers.clear();
  }

  get #isIdle() { return !this.canvas.enabled || !this.canvas.width; }

  /** @param {{clientX: number, clientY: number}} event @returns {Spot} */
  #spot(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.#isIdle) return;
    const spot = this.#spot(event);
    this.canvas.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      this.#fingers.set(event.pointerId, spot);
      if (this.#fingers.size > 1) return this.#startPinch();
    }
    this.#finish(); // the keyboard may have left its brush down
    if (event.button === MIDDLE || this.#space.isDown) {
      event.preventDefault();
      this.#space.isUsed = true;
      this.gesture = new Pan(this.canvas.view, spot);
    } else {
      this.gesture = this.#begin(spot, event);
      this.canvas.showRing(spot);
    }
  }

  /** @param {Spot} spot @param {Partial<PointerEvent>} event @returns {Gesture} */
  #begin(spot, { button = 0, pointerType = "", pressure, shiftKey, altKey }) {
    const { canvas } = this;
    const isOther = button === RIGHT || button === PEN_ERASER;
    const erases = canvas.tool === "eraser" || isOther;
    if (canvas.tool === "lasso") return new Lasso(canvas, spot, isOther);
    if (canvas.tool === "rectangle") return new Rectangle(canvas, spot, isOther);
    if (canvas.tool === "select") {
      const slip = CLICK_SLIPS_PX[/** @type {keyof CLICK_SLIPS_PX} */ (pointerType)] ?? CLICK_SLIPS_PX.mouse;
      return new Aim(canvas, spot, { on: !(canvas.minus || altKey || isOther), slip });
    }
    const from = shiftKey ? canvas.lastSpot : null;
    return new Paint(canvas, spot, { erases, from, pressure: pointerType === "pen" ? pressure : undefined });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (this.#isIdle) return;
    const spot = this.#spot(event);
    if (this.#fingers.has(event.pointerId)) this.#fingers.set(event.pointerId, spot);
    if (this.canvas.view.isPinching) return this.#pinch();
    if (!(this.gesture instanceof Pan)) this.canvas.showRing(spot);
    if (!this.gesture || !this.canvas.hasPointerCapture(event.pointerId)) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) {
      const pressure = event.pointerType === "pen" ? move.pressure : undefined;
      this.gesture.move(this.#spot(move), { pressure, isStraight: event.shiftKey });
    }
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#fingers.delete(event.pointerId);
    if (this.#fingers.size === 0) this.canvas.view.endPinch();
    if (event.pointerType === "touch") this.canvas.hideRing();
    if (event.type === "pointercancel") this.#drop();
    else this.#finish();
  }

  #finish() {
    const { gesture } = this;
    this.gesture = null;
    gesture?.end();
  }

  #drop() {
    const { gesture } = this;
    this.gesture = null;
    gesture?.drop();
  }

  /** A second finger: the first was not meant to paint or to point. */
  #startPinch() {
    this.#drop();
    this.canvas.hideRing();
    const [a, b] = this.#fingers.values();
    this.canvas.view.startPinch(a, b);
  }

  #pinch() {
    const [a, b] = this.#fingers.values();
    if (b) this.canvas.view.pinch(a, b);
  }

  /** A wheel zooms; two fingers on a trackpad, which go sideways too, carry the photo. @param {WheelEvent} event */
  #wheel(event) {
    if (!this.canvas.width) return;
    event.preventDefault();
    const { x, y } = this.#spot(event);
    const isPinch = event.ctrlKey || event.metaKey;
    if (!isPinch && (event.deltaX !== 0 || event.shiftKey)) return this.canvas.view.pan(-event.deltaX, -event.deltaY);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
    this.canvas.view.zoom(Math.exp((-event.deltaY * lines) / (isPinch ? 200 : 500)), x, y);
  }

  // --- Keys ----------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  #key(event) {
    const direction = ARROWS[/** @type {keyof ARROWS} */ (event.key)];
    if (this.#isIdle || !direction || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { clientWidth, clientHeight } = this.canvas;
    const step = event.shiftKey ? LONG_STEP_PX : STEP_PX;
    const { x, y } = this.#carriedTo();
    this.#carried = {
      x: Math.min(clientWidth, Math.max(0, x + direction[0] * step)),
      y: Math.min(clientHeight, Math.max(0, y + direction[1] * step)),
    };
    this.gesture?.move(this.#carried, {});
    this.canvas.showRing(this.#carried);
  }

  #carriedTo() {
    return this.#carried ?? { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 };
  }

  /** @param {KeyboardEvent} event */
  #holdSpace(event) {
    if (event.key !== " " || this.#isIdle || !isFree(event.target, this.canvas)) return;
    event.preventDefault();
    if (event.repeat) return;
    this.#space = { isDown: true, isUsed: false };
    this.canvas.classList.add("may-pan");
  }

  /** @param {KeyboardEvent} event */
  #letGoOfSpace(event) {
    if (event.key !== " " || !this.#space.isDown) return;
    const { isUsed } = this.#space;
    this.#forgetSpace();
    if (!isUsed && event.target === this.canvas && !this.#isIdle) this.#tap();
  }

  #forgetSpace() {
    this.#space = { isDown: false, isUsed: false };
    this.canvas.classList.remove("may-pan");
  }

  /** Sets the tool down or lifts it, or clicks with the select tool. */
  #tap() {
    const spot = this.#carriedTo();
    this.#carried = spot;
    if (this.canvas.tool === "select") this.canvas.clickAt(spot, !this.canvas.minus);
    else if (this.gesture) this.#finish();
    else this.gesture = this.#begin(spot, {});
    this.canvas.showRing(spot);
  }
}

/** Is a key pressed here meant for the photo? @param {EventTarget|null} target @param {HTMLElement} canvas */
function isFree(target, canvas) {
  return target === canvas || target === document.body || (target instanceof HTMLElement && target.id === "main");
}
