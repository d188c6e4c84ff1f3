/** What is packed, what is needed, and that both ways to load it are the same. */
"use strict";

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const client = require("pixelsite-client");
const facade = require("pixelsite-client/pixelapi");

const HOME = path.join(__dirname, "..");
const said = JSON.parse(fs.readFileSync(path.join(HOME, "package.json"), "utf8"));

const filesIn = (folder) =>
  fs.readdirSync(path.join(HOME, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(name) : [name];
  });

test("nothing is needed at run time, and nothing runs when it is installed", () => {
  for (const name of ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"]) {
    assert.ok(!(name in said), name);
  }
  for (const name of ["preinstall", "install", "postinstall", "prepare"]) assert.ok(!(name in said.scripts), name);
});

test("only Node's own modules and its own files are loaded", () => {
  for (const file of [...filesIn("src"), ...filesIn("bin")].filter((name) => /\.m?js$/.test(name))) {
    const text = fs.readFileSync(path.join(HOME, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    for (const [, name] of text.matchAll(/(?:require\(|from |import\()"([^"]+)"/g)) {
      assert.match(name, /^(node:|\.{1,2}\/)/, `${file} loads ${name}`);
    }
  }
});

test("what is packed is what is meant", () => {
  const out = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: HOME, encoding: "utf8" });

  const [{ files }] = JSON.parse(out);

  const meant = ["README.md", "package.json", ...filesIn("bin"), ...filesIn("src"), ...filesIn("types")];
  assert.deepEqual(files.map((file) => file.path).sort(), meant.sort());
  assert.ok(!meant.some((name) => /test|tsconfig|lock|npmrc/.test(name)));
});

test("import and require give the same classes", async () => {
  const [imported, importedFacade] = await Promise.all([
    import("pixelsite-client"),
    import("pixelsite-client/pixelapi"),
  ]);

  for (const [theirs, ours] of [
    [imported, client],
    [importedFacade, facade],
  ]) {
    const names = Object.keys(theirs).filter((name) => name !== "default" && name !== "module.exports");
    assert.deepEqual(names.sort(), Object.keys(ours).sort());
    for (const name of names) assert.equal(theirs[name], ours[name], name);
  }
});

test("its version is said once, and is a heading of the changelog", () => {
  const log = fs.readFileSync(path.join(HOME, "..", "..", "CHANGELOG.md"), "utf8");

  assert.equal(client.version, said.version);
  assert.ok(log.includes(`\n## ${said.version} `));
});

test("the lock names no host", () => {
  const lock = fs.readFileSync(path.join(HOME, "package-lock.json"), "utf8");

  assert.ok(!/https?:|"resolved"/.test(lock));
});

test("the oldest Node that is promised is the oldest it may be installed on", () => {
  assert.equal(said.engines.node, ">=18");
});
