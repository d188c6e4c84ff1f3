// The photos that are open, kept in this browser from stroke to stroke.

import { Photo } from "./versions.js";

const SAVE_AFTER_MS = 300;

export class Shelf {
  /** @type {Photo[]} */
  photos = [];
  /** @type {Photo|null} */
  current = null;
  /** @type {number|undefined} */
  #timer;
  /** One after the other, so that what is older never overwrites. @type {Promise<unknown>} */
  #saving = Promise.resolve();

  /**
   * @param {import("./vault.js").Vault} vault
   * @param {{kept: (is: boolean) => void, noRoom: () => void}} told  kept: is everything kept now; noRoom: no more can be
   */
  constructor(vault, told) {
    this.vault = vault;
    this.told = told;
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.#save(); });
  }

  /** What was open when the page was left. */
  async restore() {
    this.photos = await this.vault.all(Photo).catch(() => []);
    return this.photos;
  }

  /** @param {File} file */
  add(file) {
    const photo = new Photo({ id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, file });
    this.photos.push(photo);
    return photo;
  }

  /** @param {Photo} photo @returns {Photo|null} which one is in work then */
  close(photo) {
    const place = this.photos.indexOf(photo);
    this.photos.splice(place, 1);
    this.#saving = this.#saving.then(() => this.vault.forget(photo.id));
    return this.photos[Math.min(place, this.photos.length - 1)] ?? null;
  }

  /** Something of the photo in work has changed: it is kept in a moment, when the hand rests. */
  keepSoon() {
    clearTimeout(this.#timer);
    this.told.kept(false);
    this.#timer = setTimeout(() => this.#save(), SAVE_AFTER_MS);
  }

  #save() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const photo = this.current;
    if (!photo) return;
    this.#saving = this.#saving.then(async () => {
      const place = this.photos.indexOf(photo);
      const isKept = place < 0 || (await this.vault.keep(photo, place).catch(() => false));
      if (!isKept) this.told.noRoom();
      else if (this.#timer === undefined) this.told.kept(true);
    });
  }

  /** @param {Photo} photo */
  keepNow(photo) {
    const place = this.photos.indexOf(photo);
    this.told.kept(false);
    this.#saving = this.#saving.then(async () => {
      const isKept = await this.vault.keep(photo, place).catch(() => false);
      if (isKept && this.#timer === undefined) this.told.kept(true);
    });
    return this.#saving;
  }
}
