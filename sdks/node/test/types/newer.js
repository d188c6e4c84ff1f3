/** Newer than Node 18: the compiler has to know, or it could not tell us. */
"use strict";

const fs = require("node:fs");

module.exports = [Array.fromAsync, Promise.withResolvers, fs.openAsBlob, fs.glob, Object.groupBy];
