/** How far many pictures are, on stderr. Without a terminal the line is written once, at the end. */
"use strict";

class Progress {
  #isShown;
  #line;

  /** @param {{ total: number, isShown: boolean }} what */
  constructor({ total, isShown }) {
    this.#isShown = isShown;
    this.#line = lineOf({ ended: 0, failed: 0, total });
  }

  /** @param {{ ended: number, failed: number, total: number | null }} told */
  advance = (told) => {
    this.#line = lineOf(told);
    if (this.#isShown && process.stderr.isTTY) process.stderr.write(`\r${this.#line}`);
  };

  close = () => {
    if (this.#isShown) process.stderr.write(`${process.stderr.isTTY ? "\r" : ""}${this.#line}\n`);
  };
}

/** @param {{ ended: number, failed: number, total: number | null }} told */
function lineOf({ ended, failed, total }) {
  return `${ended}${total === null ? "" : `/${total}`} pictures${failed ? `, ${failed} failed` : ""}`;
}

module.exports = { Progress };
