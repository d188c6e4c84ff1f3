// <before-after>: drag anywhere on the picture, or use the arrow keys on the hidden range input.

class BeforeAfter extends HTMLElement {
  connectedCallback() {
    this.range = /** @type {HTMLInputElement} */ (this.querySelector("input[type=range]"));
    this.range.addEventListener("input", () => this.#show(Number(this.range.value)));
    this.addEventListener("pointerdown", (event) => this.#grab(event));
    this.addEventListener("pointermove", (event) => {
      if (this.hasPointerCapture(event.pointerId)) this.#follow(event);
    });
    this.#show(Number(this.range.value));
  }

  /** Share of the original shown from the left, 0 to 100. */
  get at() {
    return Number(this.range.value);
  }

  set at(percent) {
    this.range.value = String(percent);
    this.#show(percent);
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    if (event.button !== 0) return;
    this.setPointerCapture(event.pointerId);
    this.#follow(event);
    // The next press of an arrow key should move the line that was just dragged.
    this.range.focus({ preventScroll: true });
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #follow(event) {
    const box = this.getBoundingClientRect();
    this.at = Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100));
  }

  /** @param {number} percent */
  #show(percent) {
    this.style.setProperty("--at", `${percent}%`);
  }
}

customElements.define("before-after", BeforeAfter);
