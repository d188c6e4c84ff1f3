// The parts of the editor page, and what it says in them.

import { Problem } from "./job-client.js";

/** @type {{submitUrl: string, findUrl: string, jobUrlTemplate: string, eventsUrlTemplate: string, price: number,
 *   balance: number|null, maxBytes: number, maxPixels: number, accept: string, csrfToken: string, owner: string, site: string,
 *   start: {url: string, name: string}|null}} */
export const config = JSON.parse(document.getElementById("editor-config").textContent);

export const editor = document.getElementById("editor");
export const one = (/** @type {string} */ selector) => editor.querySelector(selector);
export const button = (/** @type {string} */ name) => one(`[data-action="${name}"]`);
export const canvas = one("mask-canvas");
export const compare = one("before-after");
export const wish = one(".wish input");
/** Asks whether the photo is theirs to change; null: they have said so before. */
export const rights = /** @type {HTMLDialogElement|null} */ (document.getElementById("rights"));

export const UNREADABLE = "Your browser cannot read this file as a photo. Save it as JPEG, PNG or WebP and try again.";
const NEEDS_RIGHTS = "rights_confirmation_required";
const status = one(".dock__status");
const alertBox = one(".editor__alert");
const progress = one(".progress");

export const inState = (/** @type {string[]} */ ...states) => states.includes(editor.dataset.state ?? "");

/** @param {string} text */
export function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

/** @param {string} text  stays until closed or until the next attempt */
export function warn(text) {
  const box = document.getElementById("alert-template").content.cloneNode(true);
  box.querySelector("p").textContent = text;
  alertBox.replaceChildren(box);
}

export const hush = () => alertBox.replaceChildren();

/** @param {unknown} error */
export function report(error) {
  if (error instanceof Problem) return error.code === NEEDS_RIGHTS && rights ? rights.showModal() : warn(error.message);
  console.error(error);
  return warn("Something went wrong in this page. What you painted is kept; please try again.");
}

/** @param {number|null} percent  null: under way, but nobody can say how far */
export function showProgress(percent) {
  if (percent === null) progress.removeAttribute("value");
  else progress.value = percent;
}

/** @param {number|null|undefined} balance */
export function showBalance(balance) {
  if (balance === null || balance === undefined) return;
  config.balance = balance;
  const written = balance.toLocaleString("en");
  document.querySelector("[data-balance]")?.replaceChildren(written);
  document.querySelector("[data-balance-label]")?.setAttribute("aria-label", `${written} credits`);
}

export const megabytes = (/** @type {number} */ bytes) => Math.round(bytes / 1e5) / 10;
