/** Write the types that are published, from the comments of the sources: `npm run types`. */
"use strict";

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const home = path.dirname(__dirname);
const folder = path.resolve(process.argv[2] ?? path.join(home, "types"));

fs.rmSync(folder, { recursive: true, force: true });
const compiler = path.join(home, "node_modules", "typescript", "bin", "tsc");
execFileSync(process.execPath, [compiler, "--project", path.join(home, "tsconfig.types.json"), "--outDir", folder], {
  stdio: "inherit",
});
fs.copyFileSync(path.join(home, "src", "types.d.ts"), path.join(folder, "types.d.ts"));
fs.appendFileSync(path.join(folder, "index.d.ts"), 'export type * from "./types.js";\n');
for (const name of ["index", "pixelapi"]) {
  fs.writeFileSync(path.join(folder, `${name}.d.mts`), `export * from "./${name}.js";\n`);
}
