// The filter in the sidebar, and which heading of the page is in sight.

const SHOWN_MAX = 12;
/** @typedef {{title: string, section: string, url: string, headings: [string, string][]}} Page */
let pages; // a promise of Page[]

/** @param {string} address */
function load(address) {
  pages ??= fetch(address).then((answer) => {
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return answer.json();
  });
  pages.catch(() => { pages = undefined; }); // the next letter tries again
  return pages;
}

/** Titles before headings; every word has to be there. @param {Page[]} index @param {string} query */
function find(index, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (/** @type {string} */ text) => words.every((word) => text.toLowerCase().includes(word));
  const titles = index.filter((page) => has(page.title)).map((page) => ({ text: page.title, within: page.section, url: page.url }));
  const headings = index.flatMap((page) =>
    page.headings
      .filter(([text]) => has(`${text} ${page.title}`) && !has(page.title))
      .map(([text, anchor]) => ({ text, within: page.title, url: `${page.url}#${anchor}` })));
  return [...titles, ...headings].slice(0, SHOWN_MAX);
}

/** @param {{text: string, within: string, url: string}} hit */
function lineOf(hit) {
  const line = document.createElement("li");
  const link = document.createElement("a");
  const within = document.createElement("span");
  link.href = hit.url;
  link.textContent = hit.text;
  within.className = "docs-found__in";
  within.textContent = hit.within;
  link.append(within);
  line.append(link);
  return line;
}

/** @param {any} search */
function attend(search) {
  const input = /** @type {HTMLInputElement} */ (search.querySelector("[data-docs-query]"));
  const list = /** @type {HTMLElement} */ (search.querySelector("[data-docs-found]"));
  const count = /** @type {HTMLElement} */ (search.querySelector("[data-docs-count]"));
  const nav = search.parentElement.querySelector("[data-docs-nav]");

  async function show() {
    const query = input.value.trim();
    let lines = [];
    let said = "";
    if (query) {
      try {
        const hits = find(await load(search.dataset.index ?? ""), query);
        if (input.value.trim() !== query) return; // more was typed meanwhile
        lines = hits.map(lineOf);
        said = hits.length ? `${hits.length} found` : "Nothing has this in its headings.";
      } catch {
        said = "The search could not be loaded. Type again to retry.";
      }
      if (!lines.length) {
        const none = document.createElement("li");
        none.className = "docs-found__none";
        none.textContent = said;
        lines = [none];
      }
    }
    list.replaceChildren(...lines);
    nav.hidden = Boolean(query);
    list.hidden = !query;
    count.textContent = said;
  }

  input.addEventListener("focus", () => load(search.dataset.index ?? ""), { once: true });
  input.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !input.value) return;
    event.preventDefault();
    input.value = "";
    input.focus();
    show();
  });
}

/** @param {Element} contents */
function follow(contents) {
  const links = new Map([...contents.querySelectorAll("a")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter((heading) => heading !== null);
  function mark() {
    const line = innerHeight / 4;
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < line);
    const current = passed.at(-1) ?? headings[0];
    for (const [id, link] of links) {
      if (id === current?.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
  addEventListener("scroll", mark, { passive: true });
  mark();
}

document.querySelectorAll("[data-docs-search]").forEach(attend);
document.querySelectorAll("[data-docs-contents]").forEach(follow);
