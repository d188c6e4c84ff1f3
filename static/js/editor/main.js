// The editor: choose photos, paint or select, send, wait, compare, go on. Painting is <mask-canvas>, selecting is
// select-tool.js, comparing is <before-after>, what is open and made is shelf.js and versions.js, talking to the
// server is job-client.js, keys and drops are manners.js; this file knows the states and their words.

import { areaOf } from "./found-area.js";
import { JobClient, Problem } from "./job-client.js";
import { listen } from "./manners.js";
import "./mask-canvas.js";
import { exportMask, importMask, resizeMask } from "./mask-menu.js";
import { UNREADABLE, button, canvas, compare, config, editor, hush, inState, megabytes, one, report, rights, say, showBalance, showProgress, warn, wish } from "./page.js";
import { SelectTool } from "./select-tool.js";
import { Shelf } from "./shelf.js";
import { Strip } from "./strip.js";
import { copyResult, download, showCall } from "./take-away.js";
import { Vault } from "./vault.js";

/** @typedef {import("./job-client.js").Job} Job */
/** @typedef {import("./versions.js").Photo} Photo */
/** @typedef {import("./mask-canvas.js").Tool} Tool */

const PAINT_FIRST = "Paint over what should go.";
const SELECT_FIRST = "Click what should go, or draw a box around it.";
const LOOKING = "Looking for the object…";
const TOOLS = /** @type {const} */ (["brush", "eraser", "lasso", "rectangle", "select"]);
const QUICK = "editor-quick-erase";
const LAST = "editor-photo";

const client = new JobClient(config, {
  say,
  progress: showProgress,
  cancelable: (/** @type {boolean} */ may) => { button("cancel").hidden = !may; },
  balance: showBalance,
});
const selecting = new SelectTool(client, canvas, areaOf, Problem, { looking: showLooking, say: remarkOn, report });
const shelf = new Shelf(new Vault(config.owner), { kept: (is) => { editor.dataset.kept = is ? "yes" : "no"; }, noRoom: sayNoRoom });
const strip = new Strip(one("[data-photos]"), one("[data-versions]"), { photo: switchTo, version: goTo });
const quick = one("[data-quick]");
/** What there is to say until something else is done. */
let remark = "";
let hasSaidNoRoom = false;

// --- What the page says --------------------------------------------------------------------------

/** @param {"empty"|"ready"|"busy"|"done"} state @param {string} [words] */
function enter(state, words = "") {
  editor.dataset.state = state;
  remark = words;
  canvas.enabled = state === "ready";
  refreshTools();
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

function sayNoRoom() {
  if (hasSaidNoRoom) return;
  hasSaidNoRoom = true;
  warn("This browser has no room to keep your work: a reload of this page would lose it. Download what you want to keep.");
}

function whyNotErase() {
  if (config.balance !== null && config.balance < config.price) {
    return `Erasing costs ${config.price} credits and you have ${config.balance}.`;
  }
  return canvas.hasPaint ? "" : PAINT_FIRST;
}

function refreshTools() {
  const photo = shelf.current;
  button("undo").disabled = !photo?.canUndo;
  button("redo").disabled = !photo?.canRedo;
  for (const name of ["clear", "larger", "smaller", "export-mask"]) button(name).disabled = !canvas.canClear;
  for (const tool of TOOLS) button(tool).setAttribute("aria-pressed", String(tool === canvas.tool));
  button("plus").setAttribute("aria-pressed", String(!canvas.minus));
  button("minus").setAttribute("aria-pressed", String(canvas.minus));
  button("compare").hidden = !photo || photo.isOriginal;
  editor.dataset.tool = canvas.tool;
  editor.classList.toggle("is-minus", canvas.minus);
  if (!inState("busy")) strip.show(shelf.photos, photo);
  if (!inState("ready")) return;
  const hint = whyNotErase();
  button("erase").disabled = hint !== "";
  document.getElementById("erase-hint").textContent = hint;
  const first = canvas.tool === "select" && hint === PAINT_FIRST ? SELECT_FIRST : hint;
  say(remark || first || "Cover all of it, its shadow too. Then press Erase.");
}

// --- Photos --------------------------------------------------------------------------------------

/** @param {Iterable<File>|null|undefined} files */
async function open(files) {
  const chosen = [...(files ?? [])];
  if (!chosen.length || inState("busy")) return;
  hush();
  const tooLarge = chosen.filter((file) => file.size > config.maxBytes);
  const added = chosen.filter((file) => file.size <= config.maxBytes).map((file) => shelf.add(file));
  for (const photo of added) if (await show(photo)) break;
  for (const photo of added) if (shelf.photos.includes(photo)) shelf.keepNow(photo);
  if (tooLarge.length) warn(`${tooLarge[0].name} has ${megabytes(tooLarge[0].size)} MB; up to ${megabytes(config.maxBytes)} MB can be sent.`);
}

/** Puts a photo to work; one that cannot be worked on leaves the shelf again. @param {Photo} photo @returns {Promise<boolean>} */
async function show(photo) {
  const before = shelf.current;
  try {
    selecting.startOver();
    if (!before) say("Opening the photo…");
    await canvas.load(photo.file, photo.rounds).catch(() => { throw new Problem(UNREADABLE); });
    if (canvas.width * canvas.height > config.maxPixels) {
      throw new Problem(`This photo has ${Math.round((canvas.width * canvas.height) / 1e6)} megapixels; up to ${Math.round(config.maxPixels / 1e6)} can be worked on.`);
    }
    shelf.current = photo;
    localStorage.setItem(LAST, photo.id);
    await canvas.showPicture(photo.version.picture);
    enter("ready");
    canvas.focus({ preventScroll: true });
    if (photo.pending) await wait(photo, client.resume(photo.pending));
    return true;
  } catch (error) {
    shelf.close(photo);
    shelf.current = null;
    if (before && before !== photo) await show(before);
    else enter("empty");
    report(error);
    return false;
  }
}

/** @param {string} id */
function switchTo(id) {
  const photo = shelf.photos.find((candidate) => candidate.id === id);
  if (photo && !inState("busy") && (photo !== shelf.current || inState("done"))) {
    hush();
    show(photo);
  }
}

async function closePhoto() {
  if (!shelf.current || inState("busy")) return;
  hush();
  selecting.startOver();
  const next = shelf.close(shelf.current);
  shelf.current = null;
  if (next) await show(next);
  else enter("empty");
}

/** @param {string} address @param {string} name @param {string} otherwise  what to say when it cannot be had */
async function openFrom(address, name, otherwise) {
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    const blob = await answer.blob();
    await open([new File([blob], name, { type: blob.type })]);
  } catch {
    warn(otherwise);
  }
}

const openSample = () => openFrom(button("sample").dataset.sample, "sample.webp", "The sample could not be loaded. Check your connection and try again.");

/** Goes on with the photo of an earlier job. @param {{url: string, name: string}} start */
async function openEarlier({ url, name }) {
  history.replaceState(null, "", location.pathname); // a reload must not open it once more
  await openFrom(url, name, "This photo is no longer there: photos are kept for a limited time.");
}

// --- Versions ------------------------------------------------------------------------------------

/** Shows the version that the photo is at now. @param {string} [words] */
async function showVersion(words) {
  const { version, rounds } = shelf.current;
  selecting.startOver();
  await canvas.showPicture(version.picture);
  canvas.usePaint(rounds);
  enter("ready", words);
}

/** @param {number} id */
function goTo(id) {
  if (inState("busy") || !shelf.current) return;
  shelf.current.goTo(id);
  hush();
  showVersion();
}

/** @param {"undo"|"redo"} way */
async function step(way) {
  const photo = shelf.current;
  if (!photo || inState("busy", "empty")) return;
  if (inState("done") && way === "redo") return;
  const isOther = photo[way]();
  if (isOther) return showVersion();
  canvas.redraw();
  canvas.hasChanged();
}

// --- Sending -------------------------------------------------------------------------------------

async function erase() {
  if (!inState("ready") || whyNotErase()) return;
  const photo = shelf.current;
  selecting.startOver();
  hush();
  enter("busy");
  say("Drawing the mask…");
  const accepted = (/** @type {string} */ id) => {
    photo.pending = id;
    shelf.keepNow(photo);
  };
  await wait(photo, canvas.exportMask().then((mask) => client.run(photo.file, mask, { softPx: canvas.softPx, accepted })));
}

/** @param {Photo} photo @param {Promise<Job>} job  under way */
async function wait(photo, job) {
  const started = performance.now();
  enter("busy");
  showProgress(null);
  try {
    const ended = await job;
    const picture = await resultOf(ended);
    const round = photo.rounds.current;
    photo.add({ jobId: ended.id, picture, softPx: canvas.softPx });
    const words = `Done in ${((performance.now() - started) / 1000).toFixed(1)} s, ${config.price} credits.`;
    if (quick.checked) await showVersion(words);
    else await showComparison(canvas.startOf(round), words);
  } catch (error) {
    enter("ready");
    report(error);
  } finally {
    photo.pending = null;
    shelf.keepNow(photo);
  }
}

/** The picture of an ended job; otherwise a `Problem` that says what became of it. @param {Job} ended @returns {Promise<Blob>} */
async function resultOf(ended) {
  if (ended.status === "blocked") throw new Problem(ended.error?.message ?? "The safety filter stopped this photo. Your credits are back.");
  if (ended.status === "canceled") throw new Problem("Canceled. Your credits are back, and what you painted is kept.");
  if (ended.status !== "completed" || !ended.output_url) {
    throw new Problem(`${ended.error?.message ?? "This one did not work out."} Your credits are back, and what you painted is kept.`);
  }
  return client.download(ended.output_url, new AbortController().signal).catch(() => {
    throw new Problem("The result is ready, but it could not be loaded here. You find it on your dashboard.");
  });
}

// --- Result --------------------------------------------------------------------------------------

/** @param {number} from  where the filled hole begins, in percent of the width @param {string} [words] */
async function showComparison(from, words = "") {
  const [after, before] = compare.querySelectorAll("img");
  const { file, version, rounds } = shelf.current;
  before.src = addressOf(file);
  after.src = addressOf(version.picture);
  await Promise.all([before.decode(), after.decode(), canvas.showPicture(version.picture)]);
  canvas.usePaint(rounds);
  compare.style.setProperty("--ratio", String(canvas.width / canvas.height));
  compare.at = Math.max(6, from - 2); // the filled hole is then in sight, right of the line
  enter("done");
  say(`${words} Drag the line to compare.`.trim());
  button("download").focus({ preventScroll: true });
}

/** @type {Map<Blob, string>} */
const addresses = new Map();

/** Two pictures have an address at a time: those that are compared. @param {Blob} picture */
function addressOf(picture) {
  const address = addresses.get(picture) ?? URL.createObjectURL(picture);
  addresses.delete(picture);
  addresses.set(picture, address);
  for (const [old, gone] of [...addresses].slice(0, -2)) {
    URL.revokeObjectURL(gone);
    addresses.delete(old);
  }
  return address;
}

/** The next erase starts from the original again, with the old and the new areas together. */
function eraseMore() {
  enter("ready");
  canvas.focus({ preventScroll: true });
}

// --- Tools ---------------------------------------------------------------------------------------

/** @param {Tool} tool  select again: what is clicked next is another object */
function choose(tool) {
  selecting.leave();
  canvas.tool = tool;
  if (tool === "select" && inState("ready")) canvas.snapshot(); // packed while the hand goes to the object
  pointAt({ minus: false });
}

/** @param {{minus: boolean}} how */
function pointAt({ minus }) {
  canvas.minus = minus;
  remark = selecting.isLooking ? LOOKING : "";
  refreshTools();
}

/** Shows the photo as it was, while it is held. @param {boolean} held */
function holdOriginal(held) {
  if (editor.classList.contains("is-held") === held) return;
  editor.classList.toggle("is-held", held);
  if (inState("done")) {
    compare.at = held ? 100 : Number(compare.dataset.was);
  } else if (inState("ready") && shelf.current) {
    canvas.showPicture(held ? shelf.current.file : shelf.current.version.picture);
  }
}

/** @type {Record<string, (pressed: HTMLElement) => unknown>} */
const actions = {
  pick: () => one("#file").click(),
  camera: () => one("#camera").click(),
  sample: openSample,
  "close-photo": closePhoto,
  ...Object.fromEntries(TOOLS.map((tool) => [tool, () => choose(tool)])),
  plus: () => pointAt({ minus: false }),
  minus: () => pointAt({ minus: true }),
  stop: () => selecting.stop(),
  undo: () => step("undo"),
  redo: () => step("redo"),
  clear: () => canvas.clear(),
  invert: () => canvas.put({ erases: false, inverts: true }),
  larger: () => resizeMask(1),
  smaller: () => resizeMask(-1),
  "import-mask": () => one("#mask-file").click(),
  "export-mask": () => exportMask(shelf.current),
  "zoom-in": () => canvas.view.zoom(1.4),
  "zoom-out": () => canvas.view.zoom(1 / 1.4),
  fit: () => canvas.view.fit(),
  erase,
  cancel: () => client.cancel(),
  compare: () => showComparison(canvas.startOf(shelf.current.version.rounds.at(-1) ?? [])),
  more: eraseMore,
  download: (pressed) => download(shelf.current, pressed.dataset.format ?? "original"),
  copy: () => copyResult(shelf.current),
  call: () => showCall(shelf.current),
};

canvas.addEventListener("change", (/** @type {CustomEvent} */ { detail }) => {
  client.isNewRequest();
  selecting.leave();
  remark = selecting.isLooking ? LOOKING : "";
  refreshTools();
  shelf.keepSoon();
  if (detail?.isDone && quick.checked) erase();
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
rights?.querySelector("form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  rights.close();
  const isConfirmed = await client.confirm(/** @type {HTMLFormElement} */ (event.target).action);
  if (isConfirmed) selecting.name(wish.value.trim());
  else warn("Your answer could not be sent. Check your connection and press Find again.");
});
quick.checked = localStorage.getItem(QUICK) === "yes";
quick.addEventListener("change", () => localStorage.setItem(QUICK, quick.checked ? "yes" : "no"));

listen({ actions, open, importMask, holdOriginal, escape: () => selecting.isLooking && selecting.stop() });
enter("empty");
const kept = await shelf.restore();
if (config.start) await openEarlier(config.start);
else if (kept.length) await show(kept.find(({ id }) => id === localStorage.getItem(LAST)) ?? kept[0]);
editor.dataset.isReady = "";
