// Sends a photo and its mask, or what is to be found in it, to the server and waits for the result. Knows nothing of the page: what there
// is to show goes through four functions it is given.

/** @typedef {{id: string, status: string, progress?: number, stage?: string|null, output_url?: string|null,
 *   error?: {code: string, message: string}|null, balance?: number|null, place_in_line?: number|null,
 *   selection?: {understood: string|null}|null}} Job */

/** @typedef {object} Page
 *  @property {(text: string) => void} say
 *  @property {(percent: number|null) => void} progress  null: under way, but nobody can say how far
 *  @property {(may: boolean) => void} cancelable
 *  @property {(credits: number|null|undefined) => void} balance */

/** @typedef {{status: number, body: any}} Answer */

// The server answers early only when the job has ended; where its events are not heard, short waits keep the bar moving.
const LONG_POLL_S = 2;
const LONGEST_POLL_S = 25;
const BREATH_MS = 250;
const RETRY_MS = 4000;
const NAME_LENGTH_MAX = 200;
const FINAL = new Set(["completed", "failed", "blocked", "canceled"]);
const SIGNED_OUT = "You have been signed out. Sign in in another tab, then try again here: what you painted is kept.";
const UNLOADABLE = "What was found could not be loaded. Please try again in a moment.";
const OFFLINE = "There is no connection to the site. What you painted is kept; try again when you are back online.";
/** What the worker calls its stages, for people. @type {Record<string, string>} */
const STAGES = { decoding: "Reading the photo…", checking: "Checking…", filling: "Filling the hole…", encoding: "Saving the result…" };

/** Something the person should read; anything else thrown is a bug. */
export class Problem extends Error {
  /** @param {string} message @param {string} [code]  the server's word for it */
  constructor(message, code = "") {
    super(message);
    this.code = code;
  }
}

export class JobClient {
  /** The job that is waited for. @type {string|null} */
  #job = null;
  /** @type {XMLHttpRequest|null} */
  #upload = null;
  #key = "";

  /** @param {{submitUrl: string, findUrl: string, jobUrlTemplate: string, eventsUrlTemplate: string, csrfToken: string}} config @param {Page} page */
  constructor(config, page) {
    this.config = config;
    this.page = page;
  }

  /** What will be sent next is not what was sent before: it may cost again. */
  isNewRequest() {
    this.#key = "";
  }

  /**
   * @param {File} photo @param {Blob} mask
   * @param {{softPx: number, accepted: (id: string) => void}} how  softPx: how far the edge passes over into the photo
   * @returns {Promise<Job>} the ended job, however it ended
   */
  async run(photo, mask, { softPx, accepted }) {
    this.page.cancelable(false);
    const job = await this.#submit(photo, mask, softPx);
    this.page.balance(job.balance);
    accepted(job.id);
    return this.resume(job.id);
  }

  /** Goes on waiting for a job that was sent before. @param {string} id @returns {Promise<Job>} the ended job */
  async resume(id) {
    const ear = new Ear(this.config.eventsUrlTemplate.replace("__id__", encodeURIComponent(id)), (job) => this.#show(job));
    this.#job = id;
    try {
      return await this.#follow(id, (job) => this.#show(job), { ear });
    } finally {
      ear.close();
      this.#job = null;
    }
  }

  /**
   * Has something looked for, free of charge: needs no key, and asking again does no harm.
   * @param {FormData} form  a picture, and what is pointed at in it @param {AbortSignal} signal  stops the waiting
   * @returns {Promise<Job>} the ended job, however it ended
   */
  async find(form, signal) {
    let answer = await this.#postToFind(form, signal);
    if (isSignedOut(answer) && (await this.#refreshToken())) answer = await this.#postToFind(form, signal);
    const job = acceptedJob(answer);
    if (FINAL.has(job.status)) return job;
    signal.addEventListener("abort", () => this.#drop(job.id), { once: true });
    return this.#follow(job.id, () => undefined, { signal });
  }

  /** @param {FormData} form @param {AbortSignal} signal @returns {Promise<Answer>} */
  async #postToFind(form, signal) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.config.csrfToken };
    const answer = await ask(this.config.findUrl, { method: "POST", body: form, headers, signal });
    signal.throwIfAborted();
    if (!answer) throw new Problem(OFFLINE);
    return answer;
  }

  /** @param {string} address  of an image of a job @param {AbortSignal} signal @returns {Promise<Blob>} */
  async download(address, signal) {
    const answer = await fetch(address, { signal }).catch(() => null);
    signal.throwIfAborted();
    if (!answer?.ok) throw new Problem(answer ? UNLOADABLE : OFFLINE);
    return answer.blob();
  }

  /** Presses a button of another page. @param {string} address @returns {Promise<boolean>} whether that page heard it */
  async confirm(address) {
    const request = { method: "POST", headers: { "X-CSRFToken": this.config.csrfToken }, redirect: /** @type {const} */ ("manual") };
    const answer = await fetch(address, request).catch(() => null);
    return answer?.type === "opaqueredirect"; // the way back to that page
  }

  async cancel() {
    if (this.#upload) return this.#upload.abort();
    if (!this.#job) return;
    this.page.cancelable(false);
    await this.#drop(this.#job);
  }

  /** The answer is not needed: a loop that follows the job sees what became of it. @param {string} id */
  async #drop(id) {
    const request = { method: "DELETE", headers: { "X-CSRFToken": this.config.csrfToken } };
    await fetch(this.#jobUrl(id), request).catch(() => null);
  }

  /** @param {File} photo @param {Blob} mask @param {number} softPx @returns {Promise<Job>} */
  async #submit(photo, mask, softPx) {
    const form = new FormData();
    form.append("image", photo, photo.name);
    form.append("mask", mask, "mask.png");
    form.append("grow", softPx ? String(softPx) : "auto"); // a brush stroke rarely reaches the last soft pixel of an object
    if (softPx) form.append("feather", String(softPx));
    form.append("metadata", JSON.stringify({ filename: photo.name.slice(0, NAME_LENGTH_MAX) })); // to find it again
    // One key per request: sending it again after a lost answer must not cost twice.
    this.#key ||= Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    let answer = await this.#post(form);
    // After signing in again in another tab the old token is stale: fetch a fresh one and try once more.
    if (isSignedOut(answer) && (await this.#refreshToken())) answer = await this.#post(form);
    if (answer.status < 500) this.#key = "";
    return acceptedJob(answer);
  }

  /** XMLHttpRequest, because fetch cannot tell how much has been sent. @param {FormData} form @returns {Promise<Answer>} */
  #post(form) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#upload = request;
      request.open("POST", this.config.submitUrl);
      request.setRequestHeader("X-CSRFToken", this.config.csrfToken);
      request.setRequestHeader("Idempotency-Key", this.#key);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
        this.page.say("Sending your photo…");
        this.page.progress(lengthComputable ? (100 * loaded) / total : null);
        this.page.cancelable(true);
      };
      request.upload.onload = () => {
        // From here on the server may have the job: leaving is no longer a clean "not sent".
        this.#upload = null;
        this.page.cancelable(false);
        this.page.progress(null);
        this.page.say("Sent. Waiting for the site to answer…");
      };
      request.onload = () => resolve({ status: request.status, body: parseJson(request.responseText) });
      request.onerror = () => reject(new Problem(OFFLINE));
      request.onabort = () => reject(new Problem("Not sent. Nothing was charged."));
      request.onloadend = () => { this.#upload = null; };
      request.send(form);
    });
  }

  async #refreshToken() {
    const answer = await fetch(location.href).catch(() => null);
    if (!answer) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = parseJson(page.getElementById("editor-config")?.textContent ?? "")?.csrfToken;
    if (token) this.config.csrfToken = token;
    return Boolean(token);
  }

  /**
   * Asks until the job has ended. A lost connection or sign-in does not end it: the job goes on without us.
   * @param {string} id @param {(job: Job) => void} show @param {{signal?: AbortSignal, ear?: Ear}} [how]
   */
  async #follow(id, show, { signal, ear } = {}) {
    for (let wait = 0; ; wait = ear?.hears ? LONGEST_POLL_S : LONG_POLL_S) {
      const answer = await ask(`${this.#jobUrl(id)}?wait=${wait}`, { headers: { Accept: "application/json" }, signal });
      signal?.throwIfAborted();
      if (answer?.status === 404) throw new Problem("This job is no longer there.");
      const trouble = whyNoNews(answer);
      if (trouble) {
        this.page.say(trouble);
        this.page.progress(null);
        await pause(RETRY_MS);
        continue;
      }
      const job = /** @type {Job} */ (answer?.body);
      this.page.balance(job.balance);
      if (FINAL.has(job.status)) return job;
      show(job);
      await pause(BREATH_MS);
    }
  }

  /** @param {Job} job */
  #show({ status, progress, stage, place_in_line: place }) {
    if (FINAL.has(status)) return;
    const waiting = status === "queued";
    this.page.cancelable(waiting);
    this.page.progress(waiting ? null : (progress ?? null));
    this.page.say(waiting ? waitingFor(place) : (STAGES[stage ?? ""] ?? "Erasing…"));
  }

  /** @param {string} id */
  #jobUrl(id) {
    return this.config.jobUrlTemplate.replace("__id__", encodeURIComponent(id));
  }
}

/** Listens to what the server tells of a job while it works; whoever hears nothing asks more often. */
class Ear {
  hears = false;

  /** @param {string} address @param {(job: Job) => void} show */
  constructor(address, show) {
    this.source = new EventSource(address);
    for (const name of ["status", "progress"]) {
      this.source.addEventListener(name, ({ data }) => {
        this.hears = true;
        const job = parseJson(data);
        if (job) show(job);
      });
    }
    this.source.onerror = () => { this.hears = false; };
  }

  close() { this.source.close(); }
}

/** @param {number|null|undefined} place  how many jobs go before it */
function waitingFor(place) {
  if (!place) return "Waiting for a worker…";
  return place === 1 ? "Waiting: one photo is before yours…" : `Waiting: ${place} photos are before yours…`;
}

const pause = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A wall in front of the endpoint may also answer with the sign-in page, which is no JSON. @param {Answer} answer */
const isSignedOut = ({ status, body }) => status === 401 || status === 403 || (status < 300 && body === null);

/** @param {Answer|null} answer @returns {string} empty: the answer tells of the job */
function whyNoNews(answer) {
  if (answer === null) return "No connection. The job goes on; asking again…";
  if (isSignedOut(answer)) return "You have been signed out. Sign in in another tab; this page then goes on by itself.";
  return answer.status >= 400 ? "The site does not answer as it should. Asking again…" : "";
}

/** What the server took on, or its refusal as a `Problem`. @param {Answer} answer @returns {Job} */
function acceptedJob(answer) {
  if (isSignedOut(answer)) throw new Problem(SIGNED_OUT);
  if (answer.status >= 400) throw new Problem(answer.body?.detail ?? "The site could not take this photo. Please try again in a moment.");
  return answer.body;
}

/** @param {string} url @param {RequestInit} options @returns {Promise<Answer|null>} null: no connection, or no longer wanted */
async function ask(url, options) {
  try {
    const answer = await fetch(url, options);
    return { status: answer.status, body: parseJson(await answer.text()) };
  } catch {
    return null;
  }
}

/** @param {string} text */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
