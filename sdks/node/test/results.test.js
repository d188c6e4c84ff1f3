/** A result is fetched whole or not at all, without the key, and never over what should stay. */
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { pathToFileURL } = require("node:url");
const { Pixelsite, ConnectionFailed } = require("pixelsite-client");
const { CUT, KEY, RESET, SILENCE, accepted, completed, faulty, said } = require("./support/faulty.js");
const { folder } = require("./support/folder.js");

const client = (server, more = {}) => new Pixelsite({ apiKey: KEY, baseUrl: server.url, ...more });

test("a download is asked for without the key, and redirects are followed", async (t) => {
  const server = await faulty(t, accepted());
  server.script.splice(
    0,
    1,
    completed(`${server.url}/picture`),
    said(302, Buffer.alloc(0), { Location: "/elsewhere" }),
    said(200, Buffer.from("PNG")),
  );

  const bytes = await (await client(server).wait("some-id")).bytes();

  assert.equal(Buffer.from(bytes).toString(), "PNG");
  assert.deepEqual(
    server.heard.map((one) => "authorization" in one.headers),
    [true, false, false],
  );
});

test("a download that broke off begins again", async (t) => {
  const server = await faulty(t);
  server.script.push(completed(`${server.url}/picture`), CUT, RESET, said(200, Buffer.from("the picture")));
  const target = path.join(folder(t), "clean.png");

  const written = await (await client(server).wait("some-id")).save(target);

  assert.equal(written, target);
  assert.equal(fs.readFileSync(target, "utf8"), "the picture");
  assert.deepEqual(fs.readdirSync(path.dirname(target)), ["clean.png"]);
});

test("a download that fails leaves what was there, and nothing else", async (t) => {
  const server = await faulty(t);
  const home = folder(t, { "clean.png": "mine" });
  const target = path.join(home, "clean.png");
  const one = client(server, { retries: 0 });
  server.script.push(completed(`${server.url}/picture`), CUT, said(410, { detail: "It is deleted.", code: "gone" }));
  const result = await one.wait("some-id");

  await assert.rejects(result.save(target), ConnectionFailed);
  await assert.rejects(result.save(target), { name: "Gone", code: "gone" });

  assert.deepEqual([fs.readFileSync(target, "utf8"), fs.readdirSync(home)], ["mine", ["clean.png"]]);
});

test("an existing file is kept if asked, and nothing is fetched for nothing", async (t) => {
  const server = await faulty(t);
  const home = folder(t, { "mine.png": "mine" });
  server.script.push(completed(`${server.url}/picture`), said(200, Buffer.from("new")), said(200, Buffer.from("new")));
  const result = await client(server).wait("some-id");

  await assert.rejects(result.save(path.join(home, "mine.png"), { overwrite: false }), { code: "EEXIST" });
  assert.equal(server.heard.length, 1);
  await result.save(path.join(home, "other.png"), { overwrite: false });
  await result.save(pathToFileURL(path.join(home, "mine.png")));

  assert.equal(fs.readFileSync(path.join(home, "mine.png"), "utf8"), "new");
  assert.deepEqual(fs.readdirSync(home).sort(), ["mine.png", "other.png"]);
});

test("a folder that is not there is the file system's error, and is not tried again", async (t) => {
  const server = await faulty(t);
  server.script.push(completed(`${server.url}/picture`), said(200, Buffer.from("new")));
  const result = await client(server).wait("some-id");

  await assert.rejects(result.save(path.join(folder(t), "none", "a.png")), { code: "ENOENT" });
});

test("a download that is given up leaves nothing", async (t) => {
  const server = await faulty(t);
  server.script.push(completed(`${server.url}/picture`), SILENCE);
  const home = folder(t);
  const result = await client(server).wait("some-id");

  await assert.rejects(result.save(path.join(home, "a.png"), { signal: AbortSignal.timeout(100) }), {
    name: "TimeoutError",
  });

  assert.deepEqual(fs.readdirSync(home), []);
});
