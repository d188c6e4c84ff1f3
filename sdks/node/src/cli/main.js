/** The command `pixelsite`. Results go to stdout, everything else to stderr. */
"use strict";

const fs = require("node:fs");
const { version } = require("../version.js");
const { Pixelsite } = require("../client.js");
const { UsageError, help, parse } = require("./arguments.js");
const { balance, complain, overPictures, quoted } = require("./commands.js");
const { EXIT, codeOf } = require("./exit-codes.js");
const { planned } = require("./plans.js");

/**
 * Do what the command line says. Resolves with the exit code.
 * @param {string[]} argv
 * @param {{ signal: AbortSignal }} how
 * @returns {Promise<number>}
 */
async function main(argv, { signal }) {
  try {
    const line = parse(argv);
    if (line.command === "version") return say(`pixelsite ${version}\n`);
    if (line.help) return say(help(line.command));
    if (!line.command) throw new UsageError("which command? pixelsite --help tells them");
    return await done(line, signal);
  } catch (error) {
    if (signal.aborted) {
      process.stderr.write("pixelsite: interrupted. Jobs that were accepted go on and are in your usage.\n");
      return EXIT.interrupted;
    }
    complain(/** @type {Error} */ (error));
    return error instanceof UsageError ? EXIT.wrongLine : codeOf(error);
  }
}

/**
 * @param {import("./arguments.js").Line} line
 * @param {AbortSignal} signal
 */
async function done(line, signal) {
  const plan = line.command === "balance" ? null : planned(line);
  const client = new Pixelsite({
    apiKey: line.keyFile ? fs.readFileSync(line.keyFile, "utf8").trim() : undefined,
    baseUrl: line.baseUrl,
    timeoutMs: line.timeout * 1000,
    retries: line.retries,
  });
  if (!plan) return balance(client, { line, signal });
  return (line.dryRun ? quoted : overPictures)(client, plan, { line, signal });
}

/** @param {string} text */
function say(text) {
  process.stdout.write(text);
  return EXIT.done;
}

module.exports = { main };
