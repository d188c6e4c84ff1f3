/** The command, run as a person runs it. */
"use strict";

const { spawn } = require("node:child_process");
const path = require("node:path");

const PROGRAM = path.join(__dirname, "..", "..", "bin", "pixelsite.js");

/** Resolves with `{ code, out, err }`. `started` is given the process. */
function pixelsite(args, { cwd, env = {}, started = () => {} }) {
  const { PIXELSITE_API_KEY, PIXELSITE_BASE_URL, NODE_TEST_CONTEXT, ...rest } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env: { ...rest, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started(child);
  const told = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (told.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (told.err += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...told }));
  });
}

module.exports = { pixelsite };
