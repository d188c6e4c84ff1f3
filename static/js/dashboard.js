// Looks after pending jobs on the dashboard and on the page of one job: asks now and then,
// and when a job has ended replaces its piece of the page with what the server now renders.

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 15000;
const FINAL = new Set(["completed", "failed", "blocked", "canceled"]);

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Resolves once the page is in front; nobody needs news on a hidden one. */
function whenVisible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => { document.addEventListener("visibilitychange", resolve, { once: true }); });
}

/** @param {string} url */
async function askStatus(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // offline: the next round asks again
  }
}

/** @param {string[]} ids of the elements to renew from a fresh copy of this page */
async function renew(ids) {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ids) {
    const now = document.getElementById(id);
    const next = fresh.getElementById(id);
    if (now && next) now.replaceWith(document.adoptNode(next));
  }
  const chip = fresh.querySelector(".balance-chip");
  if (chip) document.querySelector(".balance-chip")?.replaceWith(document.adoptNode(chip));
  document.dispatchEvent(new Event("renewed"));
}

/** @param {HTMLElement} element */
async function follow(element) {
  const url = element.dataset.pending ?? "";
  let status = element.dataset.status ?? "";
  let wait = FIRST_WAIT_MS;
  for (;;) {
    await pause(wait);
    await whenVisible();
    const job = await askStatus(url);
    if (job && FINAL.has(job.status)) return renew([element.id, "credits"]);
    if (job && job.status !== status) {
      status = job.status;
      await renew([element.id]);
    }
    wait = Math.min(wait * 1.4, LONGEST_WAIT_MS);
  }
}

for (const element of document.querySelectorAll("[data-pending]")) {
  follow(/** @type {HTMLElement} */ (element));
}
