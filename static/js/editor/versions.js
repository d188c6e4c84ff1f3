// One photo and everything that was made of it: a tree of versions whose root is the photo itself. Each version knows
// the rounds of paint that lead to it, for it is always computed from the photo, with all of them united.

import { Rounds } from "./rounds.js";

/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./rounds.js").Step} Step */

/** `steps` are those of its last round, as they were painted, so that going back shows them again.
 * @typedef {{id: number, parent: number|null, rounds: Mark[][], steps: Step[], jobId: string|null, picture: Blob,
 *   softPx: number}} Version */

export class Photo {
  /** Where redo leads from the version that undo led to, until something else is painted. @type {number|null} */
  #forward = null;

  /** @param {{id: string, file: File, versions?: Version[], at?: number, steps?: Step[], pending?: string|null}} from */
  constructor({ id, file, versions, at = 0, steps = [], pending = null }) {
    this.id = id;
    this.file = file;
    /** @type {Version[]} */
    this.versions = versions ?? [{ id: 0, parent: null, rounds: [], steps: [], jobId: null, picture: file, softPx: 0 }];
    this.at = at;
    /** A job that is under way for what is painted. @type {string|null} */
    this.pending = pending;
    this.rounds = new Rounds(this.version.rounds, steps);
  }

  get version() { return this.versions[this.at]; }
  get isOriginal() { return this.at === 0; }
  get canUndo() { return this.rounds.canUndo || !this.isOriginal; }
  get canRedo() { return this.rounds.canRedo || (this.#forward !== null && !this.rounds.isTouched); }

  /** A result of what is painted. @param {{jobId: string, picture: Blob, softPx: number}} result */
  add({ jobId, picture, softPx }) {
    const id = this.versions.length;
    const { all, steps } = this.rounds;
    this.versions.push({ id, parent: this.at, rounds: all, steps: [...steps], jobId, picture, softPx });
    this.goTo(id);
  }

  /** @param {number} id @param {Step[]} [steps]  to go on with */
  goTo(id, steps = []) {
    this.at = id;
    this.#forward = null;
    this.rounds = new Rounds(this.version.rounds, steps);
  }

  /** @returns {boolean} whether another version is shown now */
  undo() {
    if (this.rounds.canUndo) {
      this.rounds.undo();
      return false;
    }
    const { id, parent, steps } = this.version;
    if (parent === null) return false;
    this.goTo(parent, steps);
    this.#forward = id;
    return true;
  }

  /** @returns {boolean} whether another version is shown now */
  redo() {
    if (this.rounds.canRedo) {
      this.rounds.redo();
      return false;
    }
    if (this.#forward === null || this.rounds.isTouched) return false;
    this.goTo(this.#forward);
    return true;
  }
}
