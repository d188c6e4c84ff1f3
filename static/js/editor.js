// The editor page: choose a photo, paint, send, wait, compare. Painting itself is <mask-canvas>,
// comparing is <before-after>; this file knows the states (empty, ready, busy, done) and the server.

/** @typedef {{id: string, status: string, progress?: number, stage?: string, output_url?: string|null,
 *   credits_used?: number, error?: {code: string, message: string}|null, balance?: number|null}} Job */

/** @type {{submitUrl: string, jobUrlTemplate: string, price: number, balance: number|null, maxBytes: number,
 *   maxPixels: number, accept: string, csrfToken: string}} */
const config = JSON.parse(document.getElementById("editor-config").textContent);

// The server answers early only when the job has ended; short waits keep the bar moving in between.
const LONG_POLL_S = 2;
const BREATH_MS = 250;
const RETRY_MS = 4000;
const FINAL = new Set(["completed", "failed", "blocked", "canceled"]);
const SIGNED_OUT = "You have been signed out. Sign in in another tab, then try again here: what you painted is kept.";
const OFFLINE = "There is no connection to the site. What you painted is kept; try again when you are back online.";
/** What the worker calls its stages, for people. @type {Record<string, string>} */
const STAGES = { decoding: "Reading the photo…", checking: "Checking…", filling: "Filling the hole…", encoding: "Saving the result…" };
const PAINT_FIRST = "Paint over what should go.";

const editor = document.getElementById("editor");
const one = (/** @type {string} */ selector) => editor.querySelector(selector);
const canvas = one("mask-canvas");
const compare = one("before-after");
const fileInput = one("#file");
const progress = one(".progress");
const status = one(".dock__status");
const alertBox = one(".editor__alert");
const sizeInput = one(".size input");
const button = (/** @type {string} */ name) => one(`[data-action="${name}"]`);

/** @type {File|null} */
let photo = null;
/** @type {Job|null} */
let job = null;
/** @type {XMLHttpRequest|null} */
let sending = null;
let photoUrl = "";
let requestKey = "";

/** Something the person should read; anything else thrown is a bug. */
class Problem extends Error {}

// --- What the page says --------------------------------------------------------------------------

/** @param {"empty"|"ready"|"busy"|"done"} state */
function enter(state) {
  editor.dataset.state = state;
  canvas.enabled = state === "ready";
  refreshTools();
}

const inState = (/** @type {string} */ state) => editor.dataset.state === state;

/** @param {string} text */
function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

/** @param {string} text  stays until closed or until the next attempt */
function warn(text) {
  const box = document.getElementById("alert-template").content.cloneNode(true);
  box.querySelector("p").textContent = text;
  alertBox.replaceChildren(box);
}

const hush = () => alertBox.replaceChildren();

/** @param {number|null} percent  null: under way, but nobody can say how far */
function showProgress(percent) {
  if (percent === null) progress.removeAttribute("value");
  else progress.value = percent;
}

function whyNotErase() {
  if (config.balance !== null && config.balance < config.price) {
    return `Erasing costs ${config.price} credits and you have ${config.balance}.`;
  }
  return canvas.hasPaint ? "" : PAINT_FIRST;
}

function refreshTools() {
  button("undo").disabled = !canvas.canUndo;
  button("redo").disabled = !canvas.canRedo;
  button("clear").disabled = !canvas.canUndo;
  button("brush").setAttribute("aria-pressed", String(!canvas.erasing));
  button("eraser").setAttribute("aria-pressed", String(canvas.erasing));
  editor.classList.toggle("is-erasing", canvas.erasing);
  if (!inState("ready")) return;
  const hint = whyNotErase();
  button("erase").disabled = hint !== "";
  document.getElementById("erase-hint").textContent = hint;
  say(hint || "Cover all of it, its shadow too. Then press Erase.");
}

/** @param {number|null|undefined} balance */
function showBalance(balance) {
  if (balance === null || balance === undefined) return;
  config.balance = balance;
  const written = balance.toLocaleString("en");
  document.querySelector("[data-balance]")?.replaceChildren(written);
  document.querySelector("[data-balance-label]")?.setAttribute("aria-label", `${written} credits`);
}

// --- Choosing a photo ----------------------------------------------------------------------------

/** @param {File|null|undefined} file */
async function open(file) {
  if (!file || inState("busy")) return;
  hush();
  try {
    if (file.size > config.maxBytes) throw new Problem(`This file has ${megabytes(file.size)} MB; up to ${megabytes(config.maxBytes)} MB can be sent.`);
    say("Opening the photo…");
    await canvas.load(file).catch(() => {
      throw new Problem("Your browser cannot read this file as a photo. Save it as JPEG, PNG or WebP and try again.");
    });
    photo = file;
    URL.revokeObjectURL(photoUrl);
    photoUrl = URL.createObjectURL(file);
    enter("ready");
    if (canvas.width * canvas.height > config.maxPixels) {
      photo = null;
      enter("empty");
      throw new Problem(`This photo has ${Math.round((canvas.width * canvas.height) / 1e6)} megapixels; up to ${Math.round(config.maxPixels / 1e6)} can be worked on.`);
    }
    canvas.focus({ preventScroll: true });
  } catch (error) {
    report(error);
  }
}

const megabytes = (/** @type {number} */ bytes) => Math.round(bytes / 1e5) / 10;

async function openSample() {
  try {
    const answer = await fetch(button("sample").dataset.sample);
    open(new File([await answer.blob()], "sample.webp", { type: "image/webp" }));
  } catch {
    warn(OFFLINE);
  }
}

// --- Sending -------------------------------------------------------------------------------------

async function erase() {
  if (whyNotErase()) return;
  hush();
  enter("busy");
  showProgress(null);
  button("cancel").hidden = true;
  try {
    say("Drawing the mask…");
    const mask = await canvas.exportMask();
    job = await submit(mask);
    showBalance(job.balance);
    await showResult(await follow(job.id));
  } catch (error) {
    enter("ready");
    report(error);
  } finally {
    job = null;
  }
}

/** @param {unknown} error */
function report(error) {
  if (error instanceof Problem) return warn(error.message);
  console.error(error);
  return warn("Something went wrong in this page. What you painted is kept; please try again.");
}

/** @param {Blob} mask @returns {Promise<Job>} */
async function submit(mask) {
  const form = new FormData();
  form.append("image", photo, photo.name);
  form.append("mask", mask, "mask.png");
  // One key per attempt: asking again after a lost answer must not cost twice.
  requestKey ||= Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  let answer = await post(form);
  // After signing in again in another tab the old token is stale: fetch a fresh one and try once more.
  if (isSignedOut(answer) && (await refreshToken())) answer = await post(form);
  requestKey = "";
  if (isSignedOut(answer)) throw new Problem(SIGNED_OUT);
  if (answer.status >= 400) throw new Problem(answer.body?.detail ?? "The site could not take this photo. Please try again in a moment.");
  return answer.body;
}

/** @typedef {{status: number, body: any}} Answer */

/** A wall in front of the endpoint may also answer with the sign-in page, which is no JSON. @param {Answer} answer */
const isSignedOut = ({ status, body }) => status === 401 || status === 403 || (status < 300 && body === null);

/** XMLHttpRequest, because fetch cannot tell how much has been sent. @param {FormData} form @returns {Promise<Answer>} */
function post(form) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    sending = request;
    request.open("POST", config.submitUrl);
    request.setRequestHeader("X-CSRFToken", config.csrfToken);
    request.setRequestHeader("Idempotency-Key", requestKey);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
      say("Sending your photo…");
      showProgress(lengthComputable ? (100 * loaded) / total : null);
      button("cancel").hidden = false;
    };
    request.upload.onload = () => {
      // From here on the server may have the job: leaving is no longer a clean "not sent".
      sending = null;
      button("cancel").hidden = true;
      showProgress(null);
      say("Sent. Waiting for the site to answer…");
    };
    request.onload = () => resolve({ status: request.status, body: parseJson(request.responseText) });
    request.onerror = () => reject(new Problem(OFFLINE));
    request.onloadend = () => { sending = null; };
    request.onabort = () => reject(new Problem("Not sent. Nothing was charged."));
    request.send(form);
  });
}

/** @param {string} text */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function refreshToken() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = parseJson(page.getElementById("editor-config")?.textContent ?? "")?.csrfToken;
  if (token) config.csrfToken = token;
  return Boolean(token);
}

// --- Waiting -------------------------------------------------------------------------------------

const pause = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const jobUrl = (/** @type {string} */ id) => config.jobUrlTemplate.replace("__id__", encodeURIComponent(id));

/** Asks until the job has ended. A lost connection or sign-in does not end it: the job goes on without us. @param {string} id */
async function follow(id) {
  let wait = 0;
  for (;;) {
    const answer = await ask(`${jobUrl(id)}?wait=${wait}`);
    wait = LONG_POLL_S;
    if (answer === null) say("No connection. The job goes on; asking again…");
    else if (isSignedOut(answer)) say("You have been signed out. Sign in in another tab; this page then goes on by itself.");
    else if (answer.status === 404) throw new Problem("This job is no longer there.");
    else if (answer.status >= 400) say("The site does not answer as it should. Asking again…");
    else {
      job = /** @type {Job} */ (answer.body);
      showBalance(job.balance);
      if (FINAL.has(job.status)) return job;
      showJob(job);
      await pause(BREATH_MS);
      continue;
    }
    showProgress(null);
    await pause(RETRY_MS);
  }
}

/** @param {string} url @returns {Promise<Answer|null>} */
async function ask(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    return { status: answer.status, body: parseJson(await answer.text()) };
  } catch {
    return null;
  }
}

/** @param {Job} current */
function showJob({ status: state, progress: percent, stage }) {
  button("cancel").hidden = state !== "queued";
  showProgress(state === "queued" ? null : (percent ?? null));
  say(state === "queued" ? "Waiting for a worker…" : (STAGES[stage ?? ""] ?? "Erasing…"));
}

async function cancel() {
  if (sending) return sending.abort();
  if (!job) return;
  button("cancel").hidden = true;
  // The answer is not needed: follow() sees what became of the job.
  await fetch(jobUrl(job.id), { method: "DELETE", headers: { "X-CSRFToken": config.csrfToken } }).catch(() => null);
}

// --- Result --------------------------------------------------------------------------------------

/** @param {Job} ended */
async function showResult(ended) {
  if (ended.status === "blocked") throw new Problem(ended.error?.message ?? "The safety filter stopped this photo. Your credits are back.");
  if (ended.status === "canceled") throw new Problem("Canceled. Your credits are back, and what you painted is kept.");
  if (ended.status !== "completed") {
    throw new Problem(`${ended.error?.message ?? "This one did not work out."} Your credits are back, and what you painted is kept.`);
  }
  const [after, before] = compare.querySelectorAll("img");
  before.src = photoUrl;
  after.src = ended.output_url;
  await Promise.all([before.decode(), after.decode()]).catch(() => {
    throw new Problem("The result is ready, but it could not be loaded here. You find it on your dashboard.");
  });
  compare.style.setProperty("--ratio", String(canvas.width / canvas.height));
  compare.at = Math.max(6, canvas.paintedFrom - 2); // the filled hole is then in sight, right of the line
  one("[data-download]").href = ended.output_url;
  enter("done");
  say("Done. Drag the line to compare.");
  one("[data-download]").focus({ preventScroll: true });
}

/** The next erase starts from the original again, with the old and the new areas together. */
function eraseMore() {
  canvas.nextRound();
  canvas.showPicture(compare.querySelector(".after"));
  enter("ready");
  canvas.focus({ preventScroll: true });
}

let heldAt = 50;

/** @param {boolean} held */
function holdOriginal(held) {
  if (held) heldAt = compare.at;
  compare.at = held ? 100 : heldAt;
}

// --- Hands ---------------------------------------------------------------------------------------

/** @param {boolean} erasing */
function choose(erasing) {
  canvas.erasing = erasing;
  refreshTools();
}

/** @param {number} size */
function resizeBrush(size) {
  canvas.resizeBrush(size);
  sizeInput.value = String(canvas.brush);
}

/** @type {Record<string, () => unknown>} */
const actions = {
  pick: () => fileInput.click(),
  sample: openSample,
  brush: () => choose(false),
  eraser: () => choose(true),
  undo: () => canvas.undo(),
  redo: () => canvas.redo(),
  clear: () => canvas.clear(),
  "zoom-in": () => canvas.zoom(1.4),
  "zoom-out": () => canvas.zoom(1 / 1.4),
  fit: () => canvas.fit(),
  erase,
  cancel,
  more: eraseMore,
};

/** Keys that work while painting, wherever the focus is. @type {Record<string, () => unknown>} */
const keys = {
  b: actions.brush,
  e: actions.eraser,
  "[": () => { resizeBrush(canvas.brush - 6); canvas.previewBrush(); },
  "]": () => { resizeBrush(canvas.brush + 6); canvas.previewBrush(); },
  "+": actions["zoom-in"],
  "=": actions["zoom-in"],
  "-": actions["zoom-out"],
  0: actions.fit,
};

editor.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("[data-closes-alert]")) hush();
  const name = /** @type {HTMLElement|null} */ (target.closest("[data-action]"))?.dataset.action ?? "";
  actions[name]?.();
});

document.addEventListener("keydown", (event) => {
  if (!inState("ready")) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) canvas.redo();
    else canvas.undo();
  } else if (!event.altKey && keys[key]) {
    event.preventDefault();
    keys[key]();
  }
});

canvas.addEventListener("change", () => {
  requestKey = "";
  refreshTools();
});
sizeInput.addEventListener("input", () => {
  canvas.resizeBrush(Number(sizeInput.value));
  canvas.previewBrush();
});

for (const [down, up] of [["pointerdown", "pointerup"], ["keydown", "keyup"]]) {
  const wanted = (/** @type {Event} */ event) => !(event instanceof KeyboardEvent) || event.key === " " || event.key === "Enter";
  button("hold").addEventListener(down, (event) => { if (wanted(event) && !event.repeat) holdOriginal(true); });
  button("hold").addEventListener(up, (event) => { if (wanted(event)) holdOriginal(false); });
}
button("hold").addEventListener("pointercancel", () => holdOriginal(false));

fileInput.accept = config.accept;
fileInput.addEventListener("change", () => {
  open(fileInput.files?.[0]);
  fileInput.value = ""; // choosing the same file again must count as a choice
});

document.addEventListener("paste", (event) => open(event.clipboardData?.files[0]));
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
  open(event.dataTransfer?.files[0]);
});

one("[data-size-limit]").textContent = `, up to ${megabytes(config.maxBytes)} MB`;
enter("empty");
