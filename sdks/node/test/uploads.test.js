/** Pictures and options, as they are sent. */
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { pathToFileURL } = require("node:url");
const { Pixelsite } = require("pixelsite-client");
const { KEY, RESET, accepted, faulty } = require("./support/faulty.js");
const { folder } = require("./support/folder.js");

const PICTURE = Buffer.from("a picture");
const client = (server) => new Pixelsite({ apiKey: KEY, baseUrl: server.url });

test("what is no picture, no box and no number is refused before anything is sent", async (t) => {
  const server = await faulty(t);
  const one = client(server);
  const home = folder(t);

  await assert.rejects(one.submit(path.join(home, "none.jpg"), { prompt: "x" }), { code: "ENOENT" });
  await assert.rejects(one.submit(home, { prompt: "x" }), { code: "EISDIR" });
  for (const nothing of [undefined, null, 5, {}]) {
    await assert.rejects(one.submit(nothing, { prompt: "x" }), TypeError);
  }
  await assert.rejects(one.submit(PICTURE, { bbox: [1, 2, 3] }), /bbox: a box is/);
  await assert.rejects(one.submit(PICTURE, { bbox: [1, 2, 3, NaN] }), /NaN/);
  await assert.rejects(one.submit(PICTURE, { bbox: "1,2,3,4" }), TypeError);
  await assert.rejects(one.submit(PICTURE, { prompt: { a: 1 } }), TypeError);
  await assert.rejects(one.submit(fs.createReadStream(__filename, "utf8"), { prompt: "x" }), /bytes/);

  assert.equal(server.heard.length, 0);
});

test("options are sent as the site's fields", async (t) => {
  const server = await faulty(t, accepted());

  await client(server).submit(PICTURE, {
    mask: new Blob(["its mask"]),
    bbox: [1, 2, 3, 4],
    boxes: [[5, 6, 7, 8], { x: 1, y: 1, width: 2, height: 2 }],
    points: [
      [9, 9],
      [8, 8],
    ],
    box: [1, 1, 9, 9],
    prompt: "the cät",
    segmentation: [[1, 1, 5, 1, 5, 5]],
    grow: "15%",
    metadata: { order: 17 },
    feather: 2,
    outputFormat: "png",
    quality: 90,
    metadataPolicy: "strip",
    mode: "quality",
    webhookUrl: "https://example.com/hook",
    cancelAfter: "5m",
    labels: undefined,
  });

  const [{ headers, body }] = server.heard;
  const form = await new Response(body, { headers: { "Content-Type": headers["content-type"] } }).formData();
  const fields = Object.fromEntries([...form].filter(([, value]) => typeof value === "string"));
  assert.deepEqual(fields, {
    bbox: '{"x":1,"y":2,"width":3,"height":4}',
    rectangles: '[{"x":5,"y":6,"width":7,"height":8},{"x":1,"y":1,"width":2,"height":2}]',
    points: "[[9,9],[8,8]]",
    labels: "[1,1]",
    box: "[1,1,9,9]",
    prompt: "the cät",
    segmentation: "[[1,1,5,1,5,5]]",
    grow: "15%",
    metadata: '{"order":17}',
    feather: "2",
    output_format: "png",
    quality: "90",
    metadata_policy: "strip",
    mode: "quality",
    webhook_url: "https://example.com/hook",
  });
  assert.equal(await form.get("image").text(), "a picture");
  assert.equal(await form.get("mask").text(), "its mask");
  assert.equal(headers["cancel-after"], "5m");
});

test("a picture may be a path, a file address, bytes, a Blob, a File or a stream", async (t) => {
  const home = folder(t, { "ä photo.jpg": PICTURE });
  const file = path.join(home, "ä photo.jpg");
  const pictures = [
    file,
    pathToFileURL(file),
    PICTURE,
    new Uint8Array(PICTURE).buffer,
    new Blob([PICTURE]),
    fs.createReadStream(file),
  ];
  const server = await faulty(t, ...pictures.map(() => accepted()));

  for (const picture of pictures) await client(server).submit(picture, { prompt: "x" });

  const names = [];
  for (const { headers, body } of server.heard) {
    const form = await new Response(body, { headers: { "Content-Type": headers["content-type"] } }).formData();
    assert.equal(await form.get("image").text(), "a picture");
    names.push(form.get("image").name);
  }
  assert.deepEqual(names, ["ä photo.jpg", "ä photo.jpg", "picture", "picture", "picture", "ä photo.jpg"]);
});

test("addresses are left to the site, and need no form", async (t) => {
  const server = await faulty(t, accepted());

  await client(server).submit("https://example.com/a.jpg", { mask: new URL("https://example.com/m.png") });

  assert.equal(server.heard[0].headers["content-type"], "application/json");
  assert.deepEqual(JSON.parse(server.heard[0].body), {
    image_url: "https://example.com/a.jpg",
    mask_url: "https://example.com/m.png",
  });
});

test("a large file is read while it is sent, where Node can", async (t) => {
  const home = folder(t, { "large.bin": Buffer.alloc(24 << 20, 7) });
  const server = await faulty(t, accepted());
  const before = process.memoryUsage().arrayBuffers;
  const { readPicture } = require("../src/pictures.js");

  const upload = await readPicture(path.join(home, "large.bin"));

  const grown = process.memoryUsage().arrayBuffers - before;
  assert.equal(upload.content.size, 24 << 20);
  if (typeof fs.openAsBlob === "function") assert.ok(grown < 4 << 20, `${grown} bytes were read`);
  await client(server).submit(path.join(home, "large.bin"), { prompt: "x" });
  assert.ok(server.heard[0].body.length > 24 << 20);
});

test("without openAsBlob, as in Node 18, a file is read", async (t) => {
  const file = path.join(folder(t, { "a.jpg": PICTURE }), "a.jpg");
  const server = await faulty(t, RESET, accepted());
  const { openAsBlob } = fs;
  t.after(() => (fs.openAsBlob = openAsBlob));
  fs.openAsBlob = undefined;

  await client(server).submit(file, { prompt: "x" });

  assert.deepEqual(
    server.heard.map((one) => one.body.includes(PICTURE)),
    [true, true],
  );
});
