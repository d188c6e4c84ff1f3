/** A folder of a test's own. */
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

function folder(t, files = {}) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "pixelsite-node-"));
  t.after(() => fs.rmSync(home, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(home, name)), { recursive: true });
    fs.writeFileSync(path.join(home, name), content);
  }
  return home;
}

module.exports = { folder };
