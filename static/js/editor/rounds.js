// What is painted, step by step, with undo and redo.
//
// Work goes in rounds. A round is what was painted before one erase; on its result the earlier rounds stay in the
// mask, but undo, the eraser and clear touch the current round only.

/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {Mark | "clear"} Step */

export class Rounds {
  /** @type {Step[]} */
  #steps;
  /** @type {Step[]} */
  #undone = [];

  /** @param {Mark[][]} [earlier] @param {Step[]} [steps] */
  constructor(earlier = [], steps = []) {
    /** Rounds that are erased already. @type {readonly Mark[][]} */
    this.earlier = earlier;
    this.#steps = [...steps];
    /** Has anything been painted that was not there at first? */
    this.isTouched = false;
  }

  /** Of the current round. @returns {readonly Step[]} */
  get steps() { return this.#steps; }
  get canUndo() { return this.#steps.length > 0; }
  get canRedo() { return this.#undone.length > 0; }

  /** Marks of the current round that still count. @returns {Mark[]} */
  get current() {
    const counted = this.#steps.slice(this.#steps.lastIndexOf("clear") + 1);
    const whole = counted.findLastIndex((mark) => mark !== "clear" && "isAll" in mark);
    return /** @type {Mark[]} */ (counted.slice(Math.max(0, whole)));
  }

  get all() { return [...this.earlier, this.current]; }

  /** @param {Step} step */
  add(step) {
    this.isTouched = true;
    this.#steps.push(step);
    this.#undone = [];
  }

  /** Takes the last step back for good. */
  drop() { this.#steps.pop(); }

  /** One step where there was another, so that one undo takes both back. @param {Mark} old @param {Mark} mark */
  replace(old, mark) {
    if (this.#steps.at(-1) === old) this.drop();
    this.add(mark);
  }

  undo() {
    const step = this.#steps.pop();
    if (step) this.#undone.push(step);
  }

  redo() {
    const step = this.#undone.pop();
    if (step) this.#steps.push(step);
  }
}
