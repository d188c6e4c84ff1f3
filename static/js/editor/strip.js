// The strip under the photo: the photos that are open, and the versions of the one in work, as small pictures to press.

/** @typedef {import("./versions.js").Photo} Photo */

const THUMB_PX = 112; // drawn at twice the size it is shown at

/** Small pictures that were drawn before. @type {WeakMap<Blob, Promise<HTMLCanvasElement|null>>} */
const drawn = new WeakMap();

export class Strip {
  /**
   * @param {HTMLElement} photos @param {HTMLElement} versions  the two lists
   * @param {{photo: (id: string) => void, version: (id: number) => void}} chosen
   */
  constructor(photos, versions, chosen) {
    this.photos = photos;
    this.versions = versions;
    photos.addEventListener("click", (event) => {
      const key = keyOf(event);
      if (key !== null) chosen.photo(key);
    });
    versions.addEventListener("click", (event) => {
      const key = keyOf(event);
      if (key !== null) chosen.version(Number(key));
    });
  }

  /** @param {Photo[]} open @param {Photo|null} current */
  show(open, current) {
    renew(this.photos, open.map((photo) => ({
      key: photo.id,
      label: `Photo ${photo.file.name}`,
      isCurrent: photo === current,
      picture: photo.version.picture,
    })));
    renew(this.versions, (current?.versions ?? []).map(({ id, picture }) => ({
      key: String(id),
      label: id === 0 ? "Original" : `Version ${id}`,
      isCurrent: id === current?.at,
      picture,
    })));
    this.versions.hidden = (current?.versions.length ?? 0) < 2;
  }
}

/** @param {Event} event */
function keyOf({ target }) {
  return /** @type {HTMLElement} */ (target).closest("button")?.dataset.key ?? null;
}

/** Keeps the buttons that stay, so that focus stays too.
 * @param {HTMLElement} list @param {{key: string, label: string, isCurrent: boolean, picture: Blob}[]} wanted */
function renew(list, wanted) {
  const before = new Map([...list.querySelectorAll("button")].map((button) => [button.dataset.key, button]));
  const items = wanted.map(({ key, label, isCurrent, picture }) => {
    const button = before.get(key) ?? document.createElement("button");
    button.type = "button";
    button.className = "thumb";
    button.dataset.key = key;
    button.title = label;
    button.setAttribute("aria-label", label);
    if (isCurrent) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    draw(button, picture);
    if (button.parentElement) return button.parentElement;
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  const isSame = items.length === list.children.length && items.every((item, i) => item === list.children[i]);
  if (!isSame) list.replaceChildren(...items);
}

/** @param {HTMLElement} button @param {Blob} picture */
async function draw(button, picture) {
  if (!drawn.has(picture)) drawn.set(picture, small(picture));
  const canvas = await drawn.get(picture);
  if (canvas && button.firstElementChild !== canvas) button.replaceChildren(copyOf(canvas));
}

/** @param {HTMLCanvasElement} canvas  one element can be in one place only */
function copyOf(canvas) {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  copy.getContext("2d").drawImage(canvas, 0, 0);
  return copy;
}

/** A square from the middle of a picture. @param {Blob} picture @returns {Promise<HTMLCanvasElement|null>} */
async function small(picture) {
  const bitmap = await createImageBitmap(picture, { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap) return null;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = THUMB_PX;
  const side = Math.min(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, THUMB_PX, THUMB_PX);
  bitmap.close();
  return canvas;
}
