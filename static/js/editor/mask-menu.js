// What can be done with the whole mask: make it larger or smaller, load one from a file, save it to one.

import { areaOf } from "./found-area.js";
import { nameFor, save } from "./handout.js";
import { Problem } from "./job-client.js";
import { drawMark } from "./marks.js";
import { resized } from "./morphology.js";
import { UNREADABLE, canvas, hush, report } from "./page.js";

/** @param {1 | -1} direction */
export function resizeMask(direction) {
  if (canvas.canClear) canvas.put(resized(canvas.painted.current, canvas, drawMark, direction));
}

/** @param {File|undefined} file */
export async function importMask(file) {
  if (!file) return;
  hush();
  try {
    const { width, height } = await sizeOf(file);
    const isAlike = Math.abs(width * canvas.height - height * canvas.width) <= Math.max(width, height, canvas.width, canvas.height);
    if (!isAlike) throw new Problem(`This mask is ${width} × ${height}, the photo ${canvas.width} × ${canvas.height}: they must have the same shape.`);
    const area = await areaOf(file, canvas);
    if (!area) throw new Problem("There is nothing white in this mask. White is what should go.");
    canvas.put(area);
  } catch (error) {
    report(error);
  }
}

/** @param {File} file */
async function sizeOf(file) {
  const bitmap = await createImageBitmap(file).catch(() => { throw new Problem(UNREADABLE); });
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height };
}

/** @param {import("./versions.js").Photo} photo */
export async function exportMask({ file }) {
  save(await canvas.exportMask(), nameFor(file.name, "mask", "image/png"));
}
