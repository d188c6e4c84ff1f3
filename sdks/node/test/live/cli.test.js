/** The command on a real site. */
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { pixelsite } = require("../support/command.js");
const { folder } = require("../support/folder.js");
const { noise, pixels } = require("../support/png.js");
const { site } = require("../support/site.js");

const { url, key, sample } = site();
const env = { PIXELSITE_API_KEY: key, PIXELSITE_BASE_URL: url };

function standing(t) {
  const files = Object.fromEntries(
    ["photo.jpg", "mask.png"].map((name) => [name, fs.readFileSync(path.join(sample, name))]),
  );
  return folder(t, files);
}

test("a photo is cleaned", async (t) => {
  const cwd = standing(t);

  const { code, out, err } = await pixelsite(["remove", "photo.jpg", "--mask", "mask.png", "-o", "clean.jpg"], {
    cwd,
    env,
  });

  assert.deepEqual([code, out, err], [0, "clean.jpg\n", ""]);
  assert.equal(fs.readFileSync(path.join(cwd, "clean.jpg")).subarray(0, 2).toString("hex"), "ffd8");
  assert.deepEqual(fs.readdirSync(cwd).sort(), ["clean.jpg", "mask.png", "photo.jpg"]);
});

test("a folder is cleaned into another", async (t) => {
  // All of them are PNG files, whatever they are called: what they become has to be said.
  const cwd = folder(t, { "a.jpg": noise(32, 1), "b.PNG": noise(32, 2), "c.webp": noise(32, 3), "notes.txt": "x" });

  const line = ["remove", ".", "--box", "12,12,5,5", "--out-dir", "out", "--format", "png", "--json"];
  const { code, out, err } = await pixelsite(line, { cwd, env });

  const told = out
    .trim()
    .split("\n")
    .map((one) => JSON.parse(one));
  assert.equal(code, 0, err);
  assert.deepEqual(told.map((one) => one.output).sort(), ["out/a-clean.png", "out/b-clean.PNG", "out/c-clean.png"]);
  assert.ok(told.every((one) => one.receipt.engine && one.status === "completed"));
  assert.equal(err, "3/3 pictures\n");
  assert.equal(pixels(fs.readFileSync(path.join(cwd, "out", "a-clean.png"))).width, 32);
});

test("what something would cost is told and nothing done", async (t) => {
  const cwd = folder(t, { "a.png": noise(), "b.png": noise() });

  const { code, out } = await pixelsite(["remove", "*.png", "--box", "12,12,5,5", "--dry-run"], { cwd, env });

  assert.deepEqual([code, out], [0, "a.png\t5 credits\nb.png\t5 credits\ntogether\t10 credits\n"]);
  assert.deepEqual(fs.readdirSync(cwd).sort(), ["a.png", "b.png"]);
});

test("a mask is found and used", async (t) => {
  const cwd = standing(t);

  const found = await pixelsite(["segment", "photo.jpg", "--points", "566,474"], { cwd, env });
  const removed = await pixelsite(["remove", "photo.jpg", "--mask", "photo-mask.png"], { cwd, env });

  assert.deepEqual([found.code, found.out, removed.code, removed.out], [0, "photo-mask.png\n", 0, "photo-clean.jpg\n"]);
});

test("a sentence that names nothing fails", async (t) => {
  const cwd = standing(t);

  const { code, out, err } = await pixelsite(["remove", "photo.jpg", "--prompt", "the unicorn"], { cwd, env });

  assert.deepEqual([code, out, fs.readdirSync(cwd).filter((name) => name.includes("clean"))], [1, "", []]);
  assert.match(err, /unicorn/);
});

test("the balance is told", async (t) => {
  const { code, out, err } = await pixelsite(["balance"], { cwd: folder(t), env });

  assert.deepEqual([code, err], [0, ""]);
  assert.match(out, /^\d+ credits left, \d+ held \(plan \w+\)\n$/);
});
