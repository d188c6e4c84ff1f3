/** A batch on a real site. */
"use strict";

const assert = require("node:assert/strict");
const { createHash, randomUUID } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { Pixelsite, Conflict, InsufficientCredits, InvalidRequest, NotFound } = require("pixelsite-client");
const { folder } = require("../support/folder.js");
const { noise, png } = require("../support/png.js");
const { site } = require("../support/site.js");
const { entries } = require("../support/zip.js");

const { url: baseUrl, key: apiKey, poorKey } = site();
const client = new Pixelsite({ apiKey, baseUrl });
const BBOX = [12, 12, 5, 5];
const MASK = png(32, 32, (x, y) => (x >= 12 && x < 17 && y >= 12 && y < 17 ? [255, 255, 255] : [0, 0, 0]));

test("one mask for many pictures: all are done, and come as one ZIP with a manifest", async (t) => {
  const home = folder(t);
  const before = (await client.balance()).creditsRemaining;
  const told = [];
  const images = [0, 1, 2].map((n) => noise(32, n));

  const batch = await client.batch(images, { mask: MASK, onProgress: (one) => told.push(one.progress) });
  const zip = entries(fs.readFileSync(await batch.saveZip(path.join(home, "all.zip"))));

  assert.deepEqual([batch.status, batch.done.length, batch.creditsUsed], ["completed", 3, 15]);
  assert.equal((await client.balance()).creditsRemaining, before - 15);
  assert.equal(told.at(-1), 100);
  assert.deepEqual(
    [...told].sort((a, b) => a - b),
    told,
  );
  const manifest = JSON.parse(zip.get("manifest.json"));
  assert.deepEqual([zip.size, manifest.batch_id, manifest.completed], [4, batch.id, 3]);
  for (const line of manifest.jobs) {
    const bytes = Buffer.from(await batch.result(line.index).bytes());
    assert.deepEqual(zip.get(line.output), bytes);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), line.sha256);
  }
});

test("what fails is told by its line, and stops nobody", async () => {
  const batch = await client.batch([noise(32, 1), Buffer.from("no picture"), noise(32, 2)], { bbox: BBOX });

  assert.deepEqual(
    batch.lines.map((line) => line.status),
    ["completed", "failed", "completed"],
  );
  assert.deepEqual([batch.facts.accepted, batch.facts.refused, batch.failed[0].jobId], [2, 1, null]);
  assert.ok(batch.failed[0].error.code && batch.failed[0].error.message);
});

test("every picture may bring its own mask", async () => {
  const batch = await client.batch(
    [0, 1].map((n) => ({ image: noise(32, n), mask: MASK })),
    { outputFormat: "png" },
  );

  assert.equal(batch.done.length, 2);
});

test("a quote tells of each, stores nothing and costs nothing", async () => {
  const before = (await client.balance()).creditsRemaining;

  const quote = await client.quoteBatch([noise(), Buffer.from("no picture")], { bbox: BBOX });

  assert.deepEqual([quote.total, quote.accepted, quote.credits, quote.creditsEach], [2, 1, 5, 5]);
  assert.deepEqual(
    quote.lines.map((line) => line.wouldBeAccepted),
    [true, false],
  );
  assert.ok(quote.lines[1].refusal.code);
  assert.equal((await client.balance()).creditsRemaining, before);
});

test("a batch is submitted now and waited for later, by its id", async () => {
  const submitted = await client.submitBatch([noise()], { bbox: BBOX });

  const batch = await client.waitBatch(submitted.id);

  assert.deepEqual([submitted.isEnded, batch.id, batch.status], [false, submitted.id, "completed"]);
  assert.equal((await client.getBatch(batch.id)).lines[0].jobId, batch.lines[0].jobId);
});

test("a repeated batch is one batch", async () => {
  const idempotencyKey = randomUUID();

  const [first, second] = [
    await client.submitBatch([noise()], { bbox: BBOX, idempotencyKey }),
    await client.submitBatch([noise()], { bbox: BBOX, idempotencyKey }),
  ];

  assert.equal(first.id, second.id);
});

test("what failed is tried again, and nothing else", async () => {
  // A sentence that names nothing here fails once a worker has looked.
  const failed = await client.batch([noise(32, 5), Buffer.from("no picture")], { prompt: "the unicorn" });

  const again = await client.retryBatch(failed);

  assert.deepEqual([failed.status, again.id], ["failed", failed.id]);
  assert.deepEqual(again.facts.retried, [0]);
  assert.deepEqual(
    again.facts.notRetried.map((line) => [line.index, line.error.code]),
    [[1, "not_stored"]],
  );
  assert.notEqual(again.lines[0].jobId, failed.lines[0].jobId);
  await assert.rejects(again.saveZip("never.zip"), { code: "no_results_yet" });
  assert.ok(!fs.existsSync("never.zip"));
});

test("a batch without failures has nothing to retry", async () => {
  const batch = await client.batch([noise()], { bbox: BBOX });

  await assert.rejects(
    client.retryBatch(batch),
    (error) => error instanceof Conflict && error.code === "nothing_to_retry",
  );
});

test("as many as there are credits for are accepted", async () => {
  const poor = new Pixelsite({ apiKey: poorKey, baseUrl });

  const batch = await poor.batch([noise(), noise(32, 1)], { bbox: BBOX });
  const error = await poor.batch([noise()], { bbox: BBOX }).catch((reason) => reason);

  assert.deepEqual(
    batch.lines.map((line) => line.error?.code),
    [undefined, "insufficient_credits"],
  );
  assert.ok(error instanceof InsufficientCredits);
  assert.deepEqual([error.required, error.available, error.body.jobs.length], [5, 2, 1]);
});

test("more than fifty, and a batch of somebody else's, are refused", async () => {
  const many = Array.from({ length: 51 }, () => noise(8));

  await assert.rejects(
    client.batch(many, { bbox: [1, 1, 2, 2] }),
    (error) => error instanceof InvalidRequest && error.param === "images",
  );
  await assert.rejects(client.getBatch(randomUUID()), NotFound);
});
