// What the editor page does at once when a key is pressed, a button clicked, a slider moved, a file dropped or pasted.

import { button, canvas, compare, config, editor, hush, inState, one, wish } from "./page.js";

/** @typedef {object} Deeds
 *  @property {Record<string, (pressed: HTMLElement) => unknown>} actions  by the names of the buttons
 *  @property {(files: Iterable<File>|null|undefined) => void} open
 *  @property {(file: File|undefined) => void} importMask
 *  @property {(held: boolean) => void} holdOriginal
 *  @property {() => void} escape */

const BRUSH_STEP = 1.2;
// The slider goes by proportion: the small sizes need the finest choice.
const SLIDER_MOST = 100;
const BRUSH_MOST_PX = 500;

/** Keys that press a button. @type {Record<string, string>} */
const KEYS = { b: "brush", e: "eraser", l: "lasso", r: "rectangle", s: "select", i: "invert", "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "fit" };

/** @param {Deeds} deeds */
export function listen(deeds) {
  listenToClicks(deeds);
  listenToKeys(deeds);
  listenToSliders();
  listenToFiles(deeds);
}

/** @param {Deeds} deeds */
function listenToClicks({ actions, holdOriginal }) {
  document.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("[data-closes-alert]")) hush();
    const pressed = /** @type {HTMLElement|null} */ (target.closest("[data-action]"));
    closeMenus(target);
    if (!pressed) return;
    actions[pressed.dataset.action ?? ""]?.(pressed);
    // After a mouse the keys are for the photo again: Space must not press the button once more.
    if (event.detail > 0 && inState("ready") && pressed.closest(".dock")) canvas.focus({ preventScroll: true });
  });
  const hold = button("hold");
  const remember = () => { compare.dataset.was = compare.at; };
  for (const [down, up] of [["pointerdown", "pointerup"], ["keydown", "keyup"]]) {
    const wanted = (/** @type {Event} */ event) => !(event instanceof KeyboardEvent) || event.key === " " || event.key === "Enter";
    hold.addEventListener(down, (event) => { if (wanted(event) && !event.repeat) { remember(); holdOriginal(true); } });
    hold.addEventListener(up, (event) => { if (wanted(event)) holdOriginal(false); });
  }
  hold.addEventListener("pointercancel", () => holdOriginal(false));
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "c" || event.repeat || hasModifier(event) || isTyping(event) || !inState("ready", "done")) return;
    remember();
    holdOriginal(true);
  });
  document.addEventListener("keyup", (event) => { if (event.key.toLowerCase() === "c") holdOriginal(false); });
}

/** A menu closes when something else is pressed, or something in it. @param {HTMLElement} target */
function closeMenus(target) {
  for (const menu of editor.querySelectorAll("details.menu[open]")) {
    const isInside = menu.contains(target);
    if (!isInside || target.closest("[data-action]")) menu.removeAttribute("open");
  }
}

const hasModifier = (/** @type {KeyboardEvent} */ event) => event.ctrlKey || event.metaKey || event.altKey;
const isTyping = (/** @type {KeyboardEvent} */ event) => event.target === wish || document.querySelector("dialog[open]") !== null;

/** @param {Deeds} deeds */
function listenToKeys({ actions, escape }) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = editor.querySelector("details.menu[open]");
      menu?.removeAttribute("open");
      menu?.querySelector("summary").focus();
      escape();
    }
    if (isTyping(event) || !inState("ready", "done")) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      actions[key === "y" || event.shiftKey ? "redo" : "undo"](canvas);
    } else if (!event.altKey && inState("ready")) {
      const deed = sizeKeys[key] ?? (key === "n" ? () => turnPick(actions) : KEYS[key] && (() => actions[KEYS[key]](canvas)));
      if (!deed) return;
      event.preventDefault();
      deed();
    }
  });
}

/** @param {Deeds["actions"]} actions */
function turnPick(actions) {
  if (canvas.tool === "select") actions[canvas.minus ? "plus" : "minus"](canvas);
}

/** @param {number} size */
function resizeBrush(size) {
  canvas.resizeBrush(size);
  showSize();
  canvas.previewBrush();
}

/** @type {Record<string, () => void>} */
const sizeKeys = {
  "[": () => resizeBrush(Math.min(canvas.brush - 1, canvas.brush / BRUSH_STEP)),
  "]": () => resizeBrush(Math.max(canvas.brush + 1, canvas.brush * BRUSH_STEP)),
};

const slider = one(".size input");
const soft = one(".soft input");

function showSize() {
  slider.value = String(Math.round((SLIDER_MOST * Math.log(canvas.brush)) / Math.log(BRUSH_MOST_PX)));
  slider.setAttribute("aria-valuetext", `${canvas.brush} pixels`);
}

function listenToSliders() {
  showSize();
  slider.addEventListener("input", () => {
    canvas.resizeBrush(BRUSH_MOST_PX ** (Number(slider.value) / SLIDER_MOST));
    slider.setAttribute("aria-valuetext", `${canvas.brush} pixels`);
    canvas.previewBrush();
  });
  soft.addEventListener("input", () => {
    canvas.softPx = Number(soft.value);
    one("[data-soft]").textContent = canvas.softPx ? `${canvas.softPx} px` : "automatic";
    canvas.hasChanged();
    canvas.previewBrush();
  });
}

/** @param {Deeds} deeds */
function listenToFiles({ open, importMask }) {
  for (const [input, use] of /** @type {const} */ ([["#file", open], ["#camera", open]])) {
    one(input).accept = config.accept;
    one(input).addEventListener("change", (/** @type {any} */ { target }) => {
      use([...target.files]);
      target.value = ""; // choosing the same file again must count as a choice
    });
  }
  one("#mask-file").addEventListener("change", (/** @type {any} */ { target }) => {
    importMask(target.files[0]);
    target.value = "";
  });
  document.addEventListener("paste", (event) => open(event.clipboardData?.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    editor.classList.add("is-dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) editor.classList.remove("is-dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    editor.classList.remove("is-dropping");
    open(event.dataTransfer?.files);
  });
}
