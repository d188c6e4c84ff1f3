#!/usr/bin/env node
"use strict";

const { main } = require("../src/cli/main.js");

// Node 18 calls its fetch an experiment on every run: stderr is for what concerns the pictures.
process.removeAllListeners("warning");
// Whoever reads our stdout may have seen enough.
process.stdout.on("error", () => process.exit(1));

const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort());

main(process.argv.slice(2), { signal: interruption.signal }).then((code) => {
  process.exitCode = code;
});
