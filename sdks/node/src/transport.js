/** Between plain messages and fetch: the one place that knows the API key. */
"use strict";

const { ConfigurationError } = require("./errors.js");
const { version } = require("./version.js");

/** @typedef {import("./messages.js").Answer} Answer */
/** @typedef {import("./messages.js").Request} Request */
/** @typedef {import("./retries.js").NoAnswer} NoAnswer */
/**
 * Where a body goes, chunk by chunk; `begin` comes before the first of every try.
 * @typedef {{ begin(): Promise<void> | void, write(chunk: Uint8Array): Promise<unknown> | unknown }} Sink
 */
/** @typedef {{ status: number, headers: Headers, body: ReadableStream<Uint8Array> | null }} Response */

const USER_AGENT = `pixelsite-client/${version} node/${process.versions.node}`;
/** A slow line is given this long for each kilobyte that is sent. */
const UPLOAD_MS_PER_KB = 20;

class Transport {
  #key;
  #base;
  #timeoutMs;
  #fetch;

  /** @param {import("./types").Settings} settings Throws `ConfigurationError`. */
  constructor({ apiKey, baseUrl, timeoutMs = 60_000, retries = 4, fetch = globalThis.fetch, onRetry = () => {} } = {}) {
    if (!(timeoutMs > 0) || !Number.isInteger(retries) || retries < 0) {
      throw new ConfigurationError("timeoutMs is more than 0, retries is a whole number from 0.");
    }
    this.#key = keyOf(apiKey ?? process.env.PIXELSITE_API_KEY ?? "");
    this.#base = addressOf(baseUrl ?? process.env.PIXELSITE_BASE_URL ?? "");
    this.#timeoutMs = timeoutMs;
    this.#fetch = fetch;
    this.retries = retries;
    this.onRetry = onRetry;
  }

  get baseUrl() {
    return this.#base;
  }

  now() {
    return performance.now();
  }

  /**
   * Do nothing for so long. Rejects with the reason of a signal that is aborted meanwhile.
   * @param {number} milliseconds
   * @param {AbortSignal} [signal]
   * @returns {Promise<void>}
   */
  pause(milliseconds, signal) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(resolve), milliseconds);
      const abort = () => end(() => reject(signal?.reason));
      /** @param {() => void} then */
      const end = (then) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        then();
      };
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) abort();
    });
  }

  /**
   * Ask the site, and read its whole answer. With a `sink`, what answers 200 goes there instead.
   * @param {Request} request
   * @param {{ signal?: AbortSignal | undefined, sink?: Sink | undefined }} [how]
   * @returns {Promise<Answer | NoAnswer>}
   */
  send(request, { signal, sink } = {}) {
    const url = new URL(this.#base + request.path);
    for (const [name, value] of Object.entries(request.params ?? {})) url.searchParams.set(name, value);
    const headers = { Accept: "application/json", Authorization: `Bearer ${this.#key}`, ...request.headers };
    const { body, type, size } = bodyOf(request);
    const init = { method: request.method, headers: { ...headers, ...type }, body, redirect: "manual" };
    const silenceMs = this.#timeoutMs + (request.holdsMs ?? 0) + (size / 1024) * UPLOAD_MS_PER_KB;
    return this.#exchange(url, init, { silenceMs, signal, sink });
  }

  /**
   * Fetch a signed address, which is asked without the key.
   * @param {string} url
   * @param {{ signal?: AbortSignal | undefined, sink: Sink }} how
   * @returns {Promise<Answer | NoAnswer>}
   */
  download(url, { signal, sink }) {
    return this.#exchange(url, { headers: {} }, { silenceMs: this.#timeoutMs, signal, sink });
  }

  /**
   * @param {URL | string} url
   * @param {{ headers: object, [name: string]: any }} init
   * @param {{ silenceMs: number, signal?: AbortSignal | undefined, sink?: Sink | undefined }} how
   * @returns {Promise<Answer | NoAnswer>}
   */
  async #exchange(url, init, { silenceMs, signal, sink }) {
    signal?.throwIfAborted();
    const silence = new Silence(silenceMs, signal);
    try {
      const headers = { "User-Agent": USER_AGENT, ...init.headers };
      /** @type {Response} */
      const response = await network(() =>
        this.#fetch(url, /** @type {any} */ ({ ...init, headers, signal: silence.signal })),
      );
      /** @type {Uint8Array[]} */
      const chunks = [];
      const isWanted = sink !== undefined && response.status === 200;
      const into = isWanted
        ? sink
        : { begin: () => {}, write: (/** @type {Uint8Array} */ chunk) => chunks.push(chunk) };
      await into.begin();
      await pour(response.body, into, silence);
      return { status: response.status, headers: response.headers, content: Buffer.concat(chunks) };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Broken)) throw error;
      return silence.isOver ? { reason: `nothing came for ${silenceMs / 1000} s`, isFinal: false } : error.told();
    } finally {
      silence.end();
    }
  }
}

/** A clock that is set back by every sign of life. */
class Silence {
  #controller = new AbortController();
  #milliseconds;
  #timer;
  #outer;
  #abort = () => this.#controller.abort();
  isOver = false;

  /**
   * @param {number} milliseconds
   * @param {AbortSignal | undefined} outer
   */
  constructor(milliseconds, outer) {
    this.#milliseconds = milliseconds;
    this.#outer = outer;
    this.#timer = this.#start();
    outer?.addEventListener("abort", this.#abort);
  }

  get signal() {
    return this.#controller.signal;
  }

  broken() {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }

  end() {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#abort);
  }

  #start() {
    return setTimeout(() => {
      this.isOver = true;
      this.#controller.abort();
    }, this.#milliseconds);
  }
}

/** The network failed, and not whoever wrote to a disk meanwhile. */
class Broken extends Error {
  /** @returns {NoAnswer} */
  told() {
    const error = /** @type {any} */ (this.cause);
    const inner = error?.cause;
    if (inner?.name === "NotReadableError") return { reason: "a file was changed while it was sent", isFinal: true };
    // Words about a request that was not even begun may quote a header, and with it the key: they are left out.
    if (!inner) return { reason: error?.code ?? error?.name ?? "Error", isFinal: !isCut(error) };
    const code = inner.code ?? inner.name;
    const words = String(inner.message ?? "");
    return { reason: words.includes(code) ? words : `${code}: ${words}`, isFinal: code === "UND_ERR_INVALID_ARG" };
  }
}

/**
 * Undici calls a body that broke off "terminated", with or without a cause.
 * @param {any} error
 */
function isCut(error) {
  return error instanceof Error && /terminated|aborted|fetch failed/.test(error.message);
}

/**
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<T>}
 */
async function network(call) {
  try {
    return await call();
  } catch (error) {
    throw new Broken("no answer", { cause: error });
  }
}

/**
 * @param {ReadableStream<Uint8Array> | null} body
 * @param {Sink} sink
 * @param {Silence} silence
 */
async function pour(body, sink, silence) {
  if (!body) return;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await network(() => reader.read());
    if (done) return;
    silence.broken();
    try {
      await sink.write(value);
    } catch (error) {
      await reader.cancel().catch(() => {});
      throw error;
    }
  }
}

/** @param {Request} request */
function bodyOf({ fields = {}, files = [], json }) {
  if (files.length) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    for (const [field, { name, content }] of files) form.append(field, content, name);
    return { body: form, type: {}, size: files.reduce((sum, [, { content }]) => sum + content.size, 0) };
  }
  // Without a file there is no form, and fields of a form that are text are the same text in JSON.
  const told = json ?? (Object.keys(fields).length ? fields : undefined);
  if (told === undefined) return { body: undefined, type: {}, size: 0 };
  const body = JSON.stringify(told);
  return { body, type: { "Content-Type": "application/json" }, size: body.length };
}

/** @param {string} written */
function keyOf(written) {
  const key = String(written).trim();
  if (!key) {
    throw new ConfigurationError(
      "There is no API key. Give apiKey, or set PIXELSITE_API_KEY; keys are made at /keys/.",
    );
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ConfigurationError("The API key holds characters that no key has. Copy it again from the dashboard.");
  }
  return key;
}

/** @param {string} written */
function addressOf(written) {
  const address = String(written).trim();
  if (!address) throw new ConfigurationError("Where is the site? Give baseUrl, or set PIXELSITE_BASE_URL.");
  let url;
  try {
    url = new URL(address);
  } catch {
    throw new ConfigurationError("baseUrl is not an address, such as https://pixelsite.example.");
  }
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  if (!isWeb || !url.host || url.username || url.password || url.search || url.hash) {
    throw new ConfigurationError("baseUrl is an http or https address of a site and nothing else.");
  }
  return url.href.replace(/\/+$/, "").replace(/\/v1$/, "");
}

module.exports = { Transport };
