// Keeps photos, masks and results in this browser (IndexedDB), so that a reload, a lost connection or an ended session
// loses no stroke. What one person keeps is gone when they sign out, or when another signs in.

/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./rounds.js").Step} Step */
/** @typedef {import("./versions.js").Photo} Photo */
/** @typedef {import("./versions.js").Version} Version */

const PREFIX = "pixelsite-editor-";
const NAME_KEPT = "editor-vault";
const KEPT_MS = 7 * 24 * 3600 * 1000;

export class Vault {
  /** @type {Promise<IDBDatabase|null>} */
  #database;
  /** Pictures that are stored already: they never change. @type {Set<string>} */
  #stored = new Set();
  /** Areas are packed as PNG once. @type {WeakMap<object, Promise<Blob>>} */
  #packed = new WeakMap();

  /** @param {string} owner  whose photos these are */
  constructor(owner) {
    localStorage.setItem(NAME_KEPT, PREFIX + owner); // for browsers that do not list their databases
    this.#database = open(PREFIX + owner);
    forgetOthers(PREFIX + owner);
  }

  /** What was kept, the oldest first. @param {new (from: any) => Photo} Kind @returns {Promise<Photo[]>} */
  async all(Kind) {
    const database = await this.#database;
    if (!database) return [];
    const rows = await answer(database.transaction("photos").objectStore("photos").getAll());
    const photos = [];
    for (const row of rows.sort((a, b) => a.order - b.order)) {
      if (row.savedAt < Date.now() - KEPT_MS) await this.forget(row.id);
      else photos.push(await this.#unpacked(row, Kind).catch(() => null));
    }
    return photos.filter((photo) => photo !== null);
  }

  /** @param {Photo} photo @param {number} order @returns {Promise<boolean>} whether there was room */
  async keep(photo, order) {
    const database = await this.#database;
    if (!database) return false;
    const row = await this.#packedRow(photo, order);
    const pictures = photo.versions.map(({ id, picture }) => ({ key: `${photo.id}/${id}`, picture }));
    const fresh = pictures.filter(({ key }) => !this.#stored.has(key));
    const transaction = database.transaction(["photos", "pictures"], "readwrite");
    for (const { key, picture } of fresh) transaction.objectStore("pictures").put(picture, key);
    transaction.objectStore("photos").put(row);
    const isDone = await done(transaction);
    if (isDone) for (const { key } of fresh) this.#stored.add(key);
    return isDone;
  }

  /** @param {string} id */
  async forget(id) {
    const database = await this.#database;
    if (!database) return;
    const transaction = database.transaction(["photos", "pictures"], "readwrite");
    transaction.objectStore("photos").delete(id);
    transaction.objectStore("pictures").delete(IDBKeyRange.bound(`${id}/`, `${id}/\uffff`));
    await done(transaction);
  }

  /** @param {Photo} photo @param {number} order */
  async #packedRow({ id, file, versions, at, rounds, pending }, order) {
    const packed = [];
    for (const { id: number, parent, rounds: all, steps, jobId, softPx } of versions) {
      packed.push({ id: number, parent, jobId, softPx, rounds: await Promise.all(all.map((one) => this.#pack(one))), steps: await this.#pack(steps) });
    }
    const steps = await this.#pack([...rounds.steps]);
    return { id, order, name: file.name, type: file.type, at, pending, versions: packed, steps, savedAt: Date.now() };
  }

  /** @param {Step[]} steps */
  #pack(steps) {
    return Promise.all(
      steps.map(async (step) => {
        if (step === "clear" || !("picture" in step)) return step;
        if (!this.#packed.has(step)) this.#packed.set(step, step.picture.convertToBlob());
        return { ...step, picture: await this.#packed.get(step) };
      }),
    );
  }

  /** @param {any} row @param {new (from: any) => Photo} Kind */
  async #unpacked(row, Kind) {
    const database = await this.#database;
    const pictures = database.transaction("pictures").objectStore("pictures");
    const versions = await Promise.all(
      row.versions.map(async (/** @type {any} */ version) => ({ ...version, picture: await answer(pictures.get(`${row.id}/${version.id}`)) })),
    );
    for (const version of versions) {
      this.#stored.add(`${row.id}/${version.id}`);
      version.rounds = await Promise.all(version.rounds.map(unpack));
      version.steps = await unpack(version.steps);
    }
    const file = new File([versions[0].picture], row.name, { type: row.type });
    versions[0].picture = file;
    return new Kind({ id: row.id, file, versions, at: row.at, steps: await unpack(row.steps), pending: row.pending });
  }
}

/** @param {any[]} steps @returns {Promise<Step[]>} */
function unpack(steps) {
  return Promise.all(steps.map(async (step) => (step.picture ? { ...step, picture: await drawn(step.picture) } : step)));
}

/** @param {Blob} png */
async function drawn(png) {
  const bitmap = await createImageBitmap(png);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

/** @param {string} name @returns {Promise<IDBDatabase|null>} null: this browser keeps nothing */
function open(name) {
  return new Promise((resolve) => {
    if (!globalThis.indexedDB) return resolve(null);
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("photos", { keyPath: "id" });
      request.result.createObjectStore("pictures");
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close(); // somebody signs out in another tab
      resolve(request.result);
    };
    request.onerror = request.onblocked = () => resolve(null);
    return undefined;
  });
}

/** @param {string} own */
async function forgetOthers(own) {
  const all = (await globalThis.indexedDB?.databases?.()) ?? [];
  for (const { name } of all) if (name?.startsWith(PREFIX) && name !== own) indexedDB.deleteDatabase(name);
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<boolean>} */
function done(transaction) {
  return new Promise((resolve) => {
    transaction.oncomplete = () => resolve(true);
    transaction.onerror = transaction.onabort = () => resolve(false);
  });
}
