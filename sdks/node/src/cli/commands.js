/** What each command does with a plan. */
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { PixelsiteError } = require("../errors.js");
const { EXIT, codeOfAll } = require("./exit-codes.js");
const { Progress } = require("./progress.js");

/** @typedef {import("../client.js").Pixelsite} Pixelsite */
/** @typedef {import("./arguments.js").Line} Line */
/** @typedef {import("./plans.js").Plan} Plan */
/** @typedef {import("./plans.js").Task} Task */
/** @typedef {import("../results.js").Result} Result */

/**
 * Tell the credits that are left.
 * @param {Pixelsite} client
 * @param {{ line: Line, signal: AbortSignal }} how
 */
async function balance(client, { line, signal }) {
  const found = await client.balance({ signal });
  if (line.json) writeJson(found.raw);
  else write(`${found.creditsRemaining} credits left, ${found.creditsHeld} held (plan ${found.plan})`);
  return EXIT.done;
}

/**
 * Do what is planned.
 * @param {Pixelsite} client
 * @param {Plan} plan
 * @param {{ line: Line, signal: AbortSignal }} how
 */
async function overPictures(client, plan, { line, signal }) {
  const errors = [];
  /** @type {Task[]} */
  const ready = [];
  for (const task of plan.tasks) {
    if (task.obstacle) {
      errors.push(refused(task, { error: new Error(task.obstacle), isJson: line.json }));
    } else {
      fs.mkdirSync(path.dirname(task.target), { recursive: true });
      ready.push(task);
    }
  }
  const progress = new Progress({ total: ready.length, isShown: !line.quiet && ready.length > 1 });
  const call = line.command === "remove" ? client.removeMany.bind(client) : client.segmentMany.bind(client);
  const outcomes = await call(
    ready.map((task) => ({ image: task.source, ...task.options })),
    {
      ...plan.options,
      concurrency: line.concurrency,
      signal,
      onProgress: progress.advance,
      onDone: async ({ index, result }) => {
        const task = taskAt(ready, index);
        await result.save(task.target, { overwrite: line.force === true, signal });
        if (line.json) writeJson({ ...told(task, result), output: task.target });
        else write(task.target);
      },
    },
  ).finally(progress.close);
  for (const { index, error, result } of outcomes) {
    if (error) errors.push(refused(taskAt(ready, index), { error, result, isJson: line.json }));
  }
  return codeOfAll(errors);
}

/**
 * Tell what it would cost.
 * @param {Pixelsite} client
 * @param {Plan} plan
 * @param {{ line: Line, signal: AbortSignal }} how
 */
async function quoted(client, plan, { line, signal }) {
  const errors = [];
  let total = 0;
  let isRefused = false;
  for (const task of plan.tasks) {
    try {
      if (task.obstacle) throw new Error(task.obstacle);
      const found = await client.quote(task.source, { ...plan.options, ...task.options, signal });
      total += found.credits;
      isRefused ||= !found.wouldBeAccepted;
      if (line.json) writeJson({ source: task.source, ...found.raw });
      else write(`${task.source}\t${found.credits} credits${found.refusal ? `\t${found.refusal.detail}` : ""}`);
    } catch (error) {
      signal.throwIfAborted();
      errors.push(refused(task, { error: /** @type {Error} */ (error), isJson: line.json }));
    }
  }
  if (!line.json && plan.tasks.length > 1) write(`together\t${total} credits`);
  return codeOfAll(errors) || (isRefused ? EXIT.failed : EXIT.done);
}

/**
 * @param {Task[]} tasks
 * @param {number} index
 */
function taskAt(tasks, index) {
  return /** @type {Task} */ (tasks[index]);
}

/**
 * Say so, and return the error.
 * @param {Task} task
 * @param {{ error: Error, result?: Result | null, isJson: boolean }} what
 */
function refused(task, { error, result = null, isJson }) {
  if (isJson) writeJson({ ...told(task, result), error: toldError(error) });
  complain(error, `${task.source}: `);
  return error;
}

/**
 * @param {Error} error
 * @param {string} [about]
 */
function complain(error, about = "") {
  const request = error instanceof PixelsiteError && error.requestId ? ` (request ${error.requestId})` : "";
  process.stderr.write(`pixelsite: ${about}${error.message}${request}\n`);
}

/**
 * @param {Task} task
 * @param {Result | null} result
 */
function told(task, result) {
  const facts = { source: task.source, output: null, error: null };
  if (!result) return facts;
  const { id, status, credits_used, output_url, receipt, selection } = result.job.raw;
  return { ...facts, id, status, credits_used, output_url, receipt: receipt ?? null, selection: selection ?? null };
}

/** @param {Error} error */
function toldError(error) {
  const isOurs = error instanceof PixelsiteError;
  return { code: isOurs ? error.code : "local", message: error.message, request_id: isOurs ? error.requestId : null };
}

/** @param {object} told */
function writeJson(told) {
  write(JSON.stringify(told));
}

/** @param {string} text */
function write(text) {
  process.stdout.write(`${text}\n`);
}

module.exports = { balance, complain, overPictures, quoted };
