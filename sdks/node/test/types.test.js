/** The sources keep the types they say, those that are published are theirs, and programs can be written with them. */
"use strict";

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { folder } = require("./support/folder.js");

const HOME = path.join(__dirname, "..");
const COMPILER = path.join(HOME, "node_modules", "typescript", "bin", "tsc");

function compiled(...args) {
  if (!fs.existsSync(COMPILER)) throw new Error("TypeScript is not installed: run `npm ci` in sdks/node.");
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMPILER, ...args], { cwd: HOME, encoding: "utf8" });
  return { status, said: stdout + stderr };
}

const PROGRAM = [
  "--noEmit",
  "--strict",
  "--exactOptionalPropertyTypes",
  "--noUncheckedIndexedAccess",
  "--module",
  "node16",
  "--target",
  "es2022",
];
const SAMPLES = ["test/types/sample.mts", "test/types/sample.cts"];

test("the sources are what their comments say, with nothing newer than Node 18", () => {
  assert.deepEqual(compiled("--project", "tsconfig.json"), { status: 0, said: "" });
});

test("the compiler knows what is newer than Node 18", () => {
  const { said } = compiled(
    "--noEmit",
    "--allowJs",
    "--checkJs",
    "--module",
    "node16",
    "--target",
    "es2022",
    "--lib",
    "es2022",
    "--types",
    "node",
    "test/types/newer.js",
  );

  for (const name of ["fromAsync", "withResolvers", "openAsBlob", "glob", "groupBy"]) {
    assert.match(said, new RegExp(`'${name}' does not exist`));
  }
});

test("the types that are published are those of the sources", (t) => {
  const fresh = path.join(folder(t), "types");

  const { status, stderr } = spawnSync(process.execPath, [path.join(HOME, "scripts", "types.js"), fresh], {
    encoding: "utf8",
  });

  assert.equal(status, 0, stderr);
  const names = fs.readdirSync(fresh).sort();
  assert.deepEqual(fs.readdirSync(path.join(HOME, "types")).sort(), names);
  for (const name of names) {
    const [ours, theirs] = [path.join(fresh, name), path.join(HOME, "types", name)].map((file) =>
      fs.readFileSync(file, "utf8"),
    );
    assert.equal(theirs, ours, `types/${name} is old: run \`npm run types\` in sdks/node`);
  }
});

test("programs with Node's types compile, and their mistakes do not", () => {
  assert.deepEqual(compiled(...PROGRAM, "--types", "node", "--lib", "es2022", ...SAMPLES), { status: 0, said: "" });
});

test("so do programs with a browser's types and without Node's", () => {
  const lib = "es2022,dom,dom.asynciterable";

  assert.deepEqual(compiled(...PROGRAM, "--typeRoots", "test/types", "--lib", lib, ...SAMPLES), {
    status: 0,
    said: "",
  });
});
