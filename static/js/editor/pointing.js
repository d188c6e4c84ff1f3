// What was pointed at to have it found, shown over the photo: clicks, a box, and whether the site still looks.

/** @typedef {{x: number, y: number, on: boolean}} Click  a place, and whether it is on what is meant */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */
/** @typedef {{clicks: Click[], box: Box|null, isLooking: boolean}} Pointed */

/** @param {HTMLElement} layer  over the preview @param {Pointed} pointed  in pixels of the photo @param {number} shrink */
export function showPointed(layer, { clicks, box, isLooking }, shrink) {
  const shown = clicks.map(({ x, y, on }) => {
    const mark = document.createElement("div");
    mark.className = on ? "click" : "click click--minus";
    mark.style.left = `${x * shrink}px`;
    mark.style.top = `${y * shrink}px`;
    return mark;
  });
  if (box) shown.push(boxMark(box, shrink));
  if (isLooking) shown.at(-1)?.classList.add("is-looking"); // a box has no clicks yet when it is looked into
  layer.replaceChildren(...shown);
}

/** @param {Box} box @param {number} shrink */
function boxMark({ left, top, right, bottom }, shrink) {
  const mark = document.createElement("div");
  mark.className = "box";
  mark.style.left = `${left * shrink}px`;
  mark.style.top = `${top * shrink}px`;
  mark.style.width = `${(right - left) * shrink}px`;
  mark.style.height = `${(bottom - top) * shrink}px`;
  return mark;
}

/**
 * The box between two corners, as far as it lies in the photo; null where it does not.
 * @param {{x: number, y: number}} a @param {{x: number, y: number}} b @param {{width: number, height: number}} photo
 * @returns {Box|null}
 */
export function withinPhoto(a, b, { width, height }) {
  const left = Math.max(0, Math.min(a.x, b.x));
  const top = Math.max(0, Math.min(a.y, b.y));
  const right = Math.min(width, Math.max(a.x, b.x));
  const bottom = Math.min(height, Math.max(a.y, b.y));
  return right - left >= 1 && bottom - top >= 1 ? { left, top, right, bottom } : null;
}
