// Selecting: what is clicked, framed or named is looked for by the server, and painted where it was found. Clicks add up
// to one selection, whose area is a better answer each time, until the tool is left or something else is painted.

/** @typedef {import("./pointing.js").Click} Click */
/** @typedef {import("./pointing.js").Box} Box */
/** @typedef {import("./marks.js").Area} Area */
/** @typedef {import("./job-client.js").Job} Job */

/** @typedef {object} Page
 *  @property {(is: boolean) => void} looking
 *  @property {(text: string) => void} say
 *  @property {(error: unknown) => void} report */

const NOT_FOUND = "The object could not be found. Paint over it instead.";
const REFINE = "Found. Click to add; “Not this” takes away.";

export class SelectTool {
  /** @type {Click[]} */
  #clicks = [];
  /** @type {Box|null} */
  #box = null;
  /** What was found for this selection so far. @type {Area|null} */
  #area = null;
  /** How many of the clicks it is the answer to. */
  #answered = 0;
  /** Set while the server looks. @type {AbortController|null} */
  #stopper = null;
  #isForSentence = false;
  #isPainting = false;

  /**
   * @param {import("./job-client.js").JobClient} client
   * @param {any} canvas  the <mask-canvas>
   * @param {typeof import("./found-area.js").areaOf} areaOf
   * @param {new (message: string, code?: string) => Error} Problem  what people should read
   * @param {Page} page
   */
  constructor(client, canvas, areaOf, Problem, page) {
    this.client = client;
    this.canvas = canvas;
    this.areaOf = areaOf;
    this.Problem = Problem;
    this.page = page;
  }

  get isLooking() { return this.#stopper !== null; }

  /** @param {Click} click */
  click(click) {
    if (this.#isForSentence) this.startOver();
    if (!click.on && !this.#clicks.some(({ on }) => on)) {
      return this.page.say("First click the object itself, then what does not belong to it.");
    }
    this.#clicks.push(click);
    return this.#look(this.#pointedAt());
  }

  /** @param {Box} box */
  frame(box) {
    this.startOver();
    this.#box = box;
    return this.#look(this.#pointedAt());
  }

  /** @param {string} sentence */
  name(sentence) {
    this.startOver();
    this.#isForSentence = true;
    return this.#look({ prompt: sentence });
  }

  /** Stops waiting; what was found before stays as it is. */
  stop() {
    this.#stopLooking();
    this.#takeBack();
  }

  /** The next click begins another selection. What was found stays painted. */
  startOver() {
    this.#stopLooking();
    this.#forget();
  }

  /** Another tool was chosen, or something was painted: the selection is over, but a sentence is still looked for. */
  leave() {
    if (!this.#isPainting && !(this.#isForSentence && this.isLooking)) this.startOver();
  }

  #forget() {
    this.#clicks = [];
    this.#box = this.#area = null;
    this.#answered = 0;
    this.#isForSentence = false;
    this.#show();
  }

  #stopLooking() {
    if (!this.#stopper) return;
    this.#stopper.abort();
    this.#stopper = null;
    this.page.looking(false);
  }

  /** As it was before the clicks that found nothing. */
  #takeBack() {
    if (!this.#area) return this.#forget();
    this.#clicks.length = this.#answered;
    return this.#show();
  }

  #show() {
    this.canvas.showPointed({ clicks: this.#clicks, box: this.#area ? null : this.#box, isLooking: this.isLooking });
  }

  /** The fields that say where to look, in pixels of the preview. @returns {Record<string, string>} */
  #pointedAt() {
    const { photo, shrink } = this.canvas;
    const [right, bottom] = [photo.width, photo.height];
    const pixel = (/** @type {number} */ at, /** @type {number} */ end) => Math.min(end - 1, Math.floor(at * shrink));
    /** @type {Record<string, string>} */
    const fields = {};
    if (this.#clicks.length) {
      fields.points = JSON.stringify(this.#clicks.map(({ x, y }) => [pixel(x, right), pixel(y, bottom)]));
      fields.labels = JSON.stringify(this.#clicks.map(({ on }) => Number(on)));
    }
    if (this.#box) {
      const { left, top, right: x, bottom: y } = this.#box;
      fields.box = JSON.stringify([pixel(left, right), pixel(top, bottom), pixel(x, right) + 1, pixel(y, bottom) + 1]);
    }
    return fields;
  }

  /** @param {Record<string, string>} target */
  async #look(target) {
    this.#stopper?.abort(); // a newer click asks for the older ones too
    const stopper = new AbortController();
    this.#stopper = stopper;
    this.page.looking(true);
    this.#show();
    try {
      const job = await this.#ask(target, stopper.signal);
      const area = await this.#foundBy(job, stopper.signal);
      this.#stopper = null;
      this.page.looking(false);
      this.#paint(area, job);
    } catch (error) {
      if (stopper.signal.aborted) return;
      this.stop();
      this.page.report(error);
    }
  }

  /** @param {Record<string, string>} target @param {AbortSignal} signal @returns {Promise<Job>} */
  async #ask(target, signal) {
    const form = new FormData();
    form.append("image", await this.canvas.snapshot(), "photo.jpg");
    for (const [name, value] of Object.entries(target)) form.append(name, value);
    signal.throwIfAborted();
    return this.client.find(form, signal);
  }

  /** @param {Job} job @param {AbortSignal} signal @returns {Promise<Area>} */
  async #foundBy({ status, error, output_url: address }, signal) {
    if (status !== "completed" || !address) throw new this.Problem(error?.message ?? NOT_FOUND, error?.code);
    const area = await this.areaOf(await this.client.download(address, signal), this.canvas);
    signal.throwIfAborted();
    if (!area) throw new this.Problem(NOT_FOUND);
    return area;
  }

  /** @param {Area} area @param {Job} job */
  #paint(area, { selection }) {
    this.#isPainting = true;
    this.canvas.putArea(area, this.#area);
    this.#isPainting = false;
    this.#area = area;
    this.#answered = this.#clicks.length;
    const understood = this.#isForSentence ? selection?.understood : null;
    if (this.#isForSentence) this.#forget();
    this.#show();
    this.page.say(understood ? `Found: ${understood}.` : REFINE);
  }
}
