// What can be done with a result: keep it in a format, copy it, see the call that makes the same.

import { callCode } from "./call-code.js";
import { copy, inFormat, nameFor, save } from "./handout.js";
import { config, say, warn } from "./page.js";

/** @typedef {import("./versions.js").Photo} Photo */

/** @param {Photo} photo @param {string} format */
export async function download({ file, version }, format) {
  try {
    const result = await inFormat(version.picture, /** @type {import("./handout.js").Format} */ (format));
    save(result, nameFor(file.name, "clean", result.type));
  } catch {
    warn("Your browser cannot write this picture in that format. Download the original format instead.");
  }
}

/** @param {Photo} photo */
export async function copyResult({ version }) {
  try {
    await copy(version.picture);
    say("Copied. Paste it anywhere.");
  } catch {
    warn("Your browser does not let this page use the clipboard. Download the picture instead.");
  }
}

/** @param {Photo} photo */
export function showCall({ file, version }) {
  const names = { photo: file.name, mask: nameFor(file.name, "mask", "image/png"), result: nameFor(file.name, "clean", version.picture.type) };
  const code = callCode({ site: config.site, softPx: version.softPx, ...names });
  for (const [language, text] of Object.entries(code)) document.querySelector(`[data-call="${language}"] code`).textContent = text;
  document.getElementById("call").showModal();
}
