// The editor page: choose a photo, paint or select, send, wait, compare. Painting itself is <mask-canvas>, selecting is
// select-tool.js, comparing is <before-after>, talking to the server is job-client.js; this file knows the states
// and the words.

/** @typedef {import("./job-client.js").Job} Job */

/** @type {{submitUrl: string, findUrl: string, jobUrlTemplate: string, price: number, balance: number|null, maxBytes: number,
 *   maxPixels: number, accept: string, csrfToken: string}} */
const config = JSON.parse(document.getElementById("editor-config").textContent);

const PAINT_FIRST = "Paint over what should go.";
const SELECT_FIRST = "Click what should go, or draw a box around it.";
const NEEDS_RIGHTS = "rights_confirmation_required";
const LOOKING = "Looking for the object…";

const editor = document.getElementById("editor");
// By the addresses in the page and not by plain imports: only the template knows the hashed names.
const [{ JobClient, Problem }, { SelectTool }, { areaOf }] = await Promise.all(
  [editor.dataset.jobClient, editor.dataset.selectTool, editor.dataset.foundArea].map((address) => import(address ?? "")),
);
await customElements.whenDefined("mask-canvas");
const one = (/** @type {string} */ selector) => editor.querySelector(selector);
const canvas = one("mask-canvas");
const compare = one("before-after");
const fileInput = one("#file");
const progress = one(".progress");
const status = one(".dock__status");
const alertBox = one(".editor__alert");
const sizeInput = one(".size input");
const wish = one(".wish input");
/** Asks whether the photo is theirs to change; null: they have said so before. */
const rights = /** @type {HTMLDialogElement|null} */ (document.getElementById("rights"));
const button = (/** @type {string} */ name) => one(`[data-action="${name}"]`);

/** @type {File|null} */
let photo = null;
let photoUrl = "";
const client = new JobClient(config, {
  say,
  progress: showProgress,
  cancelable: (/** @type {boolean} */ may) => { button("cancel").hidden = !may; },
  balance: showBalance,
});
const selecting = new SelectTool(client, canvas, areaOf, Problem, { looking: showLooking, say: remarkOn, report });
/** What there is to say until something else is done. */
let remark = "";

// --- What the page says --------------------------------------------------------------------------

/** @param {"empty"|"ready"|"busy"|"done"} state */
function enter(state) {
  editor.dataset.state = state;
  remark = "";
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

/** @param {string} text */
function remarkOn(text) {
  remark = text;
  refreshTools();
}

/** @param {boolean} is */
function showLooking(is) {
  editor.classList.toggle("is-looking", is);
  if (is) hush();
  if (!is && document.activeElement === button("stop")) canvas.focus({ preventScroll: true });
  button("stop").hidden = !is;
  remarkOn(is ? LOOKING : "");
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
  button("clear").disabled = !canvas.canClear;
  for (const tool of ["brush", "eraser", "select"]) button(tool).setAttribute("aria-pressed", String(tool === canvas.tool));
  button("plus").setAttribute("aria-pressed", String(!canvas.minus));
  button("minus").setAttribute("aria-pressed", String(canvas.minus));
  editor.dataset.tool = canvas.tool;
  editor.classList.toggle("is-minus", canvas.minus);
  if (!inState("ready")) return;
  const hint = whyNotErase();
  button("erase").disabled = hint !== "";
  document.getElementById("erase-hint").textContent = hint;
  const first = canvas.tool === "select" && hint === PAINT_FIRST ? SELECT_FIRST : hint;
  say(remark || first || "Cover all of it, its shadow too. Then press Erase.");
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
    selecting.startOver();
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
    warn("The sample could not be loaded. Check your connection and try again.");
  }
}

// --- Sending -------------------------------------------------------------------------------------

async function erase() {
  if (whyNotErase()) return;
  selecting.startOver();
  hush();
  enter("busy");
  showProgress(null);
  try {
    say("Drawing the mask…");
    await showResult(await client.run(photo, await canvas.exportMask()));
  } catch (error) {
    enter("ready");
    report(error);
  }
}

/** @param {unknown} error */
function report(error) {
  if (error instanceof Problem) return error.code === NEEDS_RIGHTS && rights ? rights.showModal() : warn(error.message);
  console.error(error);
  return warn("Something went wrong in this page. What you painted is kept; please try again.");
}

rights?.querySelector("form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  rights.close();
  const isConfirmed = await client.confirm(/** @type {HTMLFormElement} */ (event.target).action);
  if (isConfirmed) selecting.name(wish.value.trim());
  else warn("Your answer could not be sent. Check your connection and press Find again.");
});

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

/** @param {"brush"|"eraser"|"select"} tool  select again: what is clicked next is another object */
function choose(tool) {
  selecting.leave();
  canvas.tool = tool;
  if (tool === "select") canvas.snapshot(); // packed while the hand goes to the object
  pointAt({ minus: false });
}

/** @param {{minus: boolean}} how */
function pointAt({ minus }) {
  canvas.minus = minus;
  remark = selecting.isLooking ? LOOKING : "";
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
  brush: () => choose("brush"),
  eraser: () => choose("eraser"),
  select: () => choose("select"),
  plus: () => pointAt({ minus: false }),
  minus: () => pointAt({ minus: true }),
  stop: () => selecting.stop(),
  undo: () => canvas.undo(),
  redo: () => canvas.redo(),
  clear: () => canvas.clear(),
  "zoom-in": () => canvas.view.zoom(1.4),
  "zoom-out": () => canvas.view.zoom(1 / 1.4),
  fit: () => canvas.view.fit(),
  erase,
  cancel: () => client.cancel(),
  more: eraseMore,
};

/** Keys that work while painting, wherever the focus is. @type {Record<string, () => unknown>} */
const keys = {
  b: actions.brush,
  e: actions.eraser,
  s: actions.select,
  n: () => { if (canvas.tool === "select") pointAt({ minus: !canvas.minus }); },
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
  if (event.key === "Escape" && selecting.isLooking) selecting.stop();
  if (event.target === wish) return; // letters are letters there
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
  client.isNewRequest();
  selecting.leave();
  remark = selecting.isLooking ? LOOKING : "";
  refreshTools();
});
canvas.addEventListener("pick", ({ detail }) => {
  if ("box" in detail) selecting.frame(detail.box);
  else selecting.click(detail.click);
});
one(".wish").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const sentence = wish.value.trim();
  if (!sentence) return remarkOn("Say what should go, for example: the text.");
  return selecting.name(sentence);
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
editor.dataset.isReady = "";
