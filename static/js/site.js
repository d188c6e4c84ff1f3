// Small manners of every page: theme switch, phone menu, copy buttons, dialogs, local times.

const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** Switches to the other theme; an override that equals the system's choice is forgotten. */
function switchTheme() {
  const system = systemIsDark.matches ? "dark" : "light";
  const wanted = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  if (wanted === system) delete root.dataset.theme;
  else root.dataset.theme = wanted;
  try {
    if (wanted === system) localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
  } catch {
    // Storage may be forbidden: the choice then lasts for this page.
  }
}

/** @param {HTMLElement} button */
function toggleMenu(button) {
  const open = document.getElementById("site-nav")?.classList.toggle("is-open") ?? false;
  button.setAttribute("aria-expanded", String(open));
}

/**
 * The Clipboard API needs https or localhost; selecting the text lets people copy by hand elsewhere.
 * @param {HTMLElement} button
 */
async function copyNearbyText(button) {
  const holder = button.closest(".code, [data-copy-holder]");
  const source = holder?.querySelector("[data-copy-text]");
  const label = button.querySelector("[data-copy-label]");
  if (!source || !label) return;
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    label.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(source);
    label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { label.textContent = "Copy"; }, 2000);
}

/** The server writes times in UTC; people read them in their own zone. */
function localiseTimes() {
  const format = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  for (const time of document.querySelectorAll("time[data-local]")) time.textContent = format.format(new Date(time.dateTime));
}

/** Photos and masks that the editor keeps in this browser are for one person: they go before the sign-out does. */
async function forgetPhotos() {
  const listed = (await globalThis.indexedDB?.databases?.()) ?? [];
  const names = new Set([localStorage.getItem("editor-vault"), ...listed.map(({ name }) => name)]);
  const gone = [...names].filter((name) => name?.startsWith("pixelsite-editor-")).map(
    (name) => new Promise((resolve) => {
      const request = indexedDB.deleteDatabase(name ?? "");
      request.onsuccess = request.onerror = request.onblocked = resolve;
    }),
  );
  await Promise.all(gone);
}

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("[data-signs-out]")) return;
  event.preventDefault();
  await forgetPhotos().catch(() => undefined);
  form.submit();
});

localiseTimes();
document.addEventListener("renewed", localiseTimes); // dashboard.js has brought in fresh pieces

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("[data-theme-toggle]")) switchTheme();

  const menuButton = /** @type {HTMLElement|null} */ (target.closest("[data-menu-button]"));
  if (menuButton) toggleMenu(menuButton);

  const copyButton = /** @type {HTMLElement|null} */ (target.closest("[data-copy]"));
  if (copyButton) copyNearbyText(copyButton);

  const opener = /** @type {HTMLElement|null} */ (target.closest("[data-opens-dialog]"));
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opensDialog ?? "");
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  }
  if (target.closest("[data-closes-dialog]")) target.closest("dialog")?.close();
  if (target instanceof HTMLDialogElement) target.close(); // a click on the backdrop
});

document.addEventListener("keydown", (event) => {
  const button = /** @type {HTMLElement|null} */ (document.querySelector("[data-menu-button][aria-expanded=true]"));
  if (event.key !== "Escape" || !button) return;
  toggleMenu(button);
  button.focus();
});
