/** The client against a real site and worker: what a program would do. */
"use strict";

const assert = require("node:assert/strict");
const { createHash, randomUUID } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const {
  Pixelsite,
  AuthenticationFailed,
  Gone,
  InsufficientCredits,
  InvalidRequest,
  JobFailed,
  NotFound,
  WaitTimeout,
} = require("pixelsite-client");
const { PixelAPI } = require("pixelsite-client/pixelapi");
const { folder } = require("../support/folder.js");
const { noise, pixels } = require("../support/png.js");
const { site } = require("../support/site.js");

const { url: baseUrl, key: apiKey, poorKey, sample } = site();
const client = new Pixelsite({ apiKey, baseUrl });
const SMALL = noise();
const BBOX = [12, 12, 5, 5];
const PHOTO = path.join(sample, "photo.jpg");
const MASK = path.join(sample, "mask.png");

const sha256 = (file) => createHash("sha256").update(fs.readFileSync(file)).digest("hex");

test("a box goes, and outside it nothing changes", async () => {
  const result = await client.removeObject(SMALL, { bbox: BBOX });

  const [before, after] = [pixels(SMALL), pixels(await result.bytes())];
  const isInside = (x, y) => x >= 12 && x < 17 && y >= 12 && y < 17;
  const changed = [];
  for (let y = 0; y < 32; y += 1)
    for (let x = 0; x < 32; x += 1) if (before.at(x, y) !== after.at(x, y)) changed.push([x, y]);
  assert.ok(changed.length > 12, `${changed.length} pixels changed`);
  assert.ok(changed.every(([x, y]) => isInside(x, y)));
});

test("a masked object is removed from a photo and the result saved", async (t) => {
  const home = folder(t);
  const before = (await client.balance()).creditsRemaining;

  const result = await client.removeObject(PHOTO, { mask: MASK, metadata: { order: 17 } });
  const file = await result.save(path.join(home, "clean.jpg"));

  assert.equal(sha256(file), result.receipt.output_sha256);
  assert.equal(fs.readFileSync(file).subarray(0, 2).toString("hex"), "ffd8");
  assert.deepEqual([result.creditsUsed, result.metadata], [5, { order: 17 }]);
  assert.equal((await client.balance()).creditsRemaining, before - 5);
  assert.deepEqual(fs.readdirSync(home), ["clean.jpg"]);
});

test("the link of a result needs no key", async () => {
  const result = await client.removeObject(SMALL, { bbox: BBOX });

  const answer = await fetch(result.url);

  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.from(await result.bytes()));
});

test("every way to point and to want a result is understood", async () => {
  const result = await client.removeObject(SMALL, {
    bbox: BBOX,
    boxes: [[2, 2, 4, 4], { x: 20, y: 20, width: 3, height: 3 }],
    segmentation: [[22, 2, 28, 2, 28, 8]],
    grow: "10%",
    feather: 1,
    mode: "quality",
    quality: 90,
    outputFormat: "webp",
    metadataPolicy: "strip",
    cancelAfter: "10m",
  });

  assert.equal(Buffer.from(await result.bytes()).toString("latin1", 8, 12), "WEBP");
});

test("a picture may be sent as a stream or a Blob", async () => {
  const jobs = await Promise.all([
    client.removeObject(fs.createReadStream(PHOTO), { bbox: [480, 390, 170, 170], outputFormat: "jpeg" }),
    client.removeObject(new Blob([SMALL]), { bbox: BBOX }),
  ]);

  assert.deepEqual(
    jobs.map((one) => one.job.status),
    ["completed", "completed"],
  );
});

test("what is clicked is found free of charge, and the mask can be used", async () => {
  const before = (await client.balance()).creditsRemaining;

  const found = await client.segment(PHOTO, { points: [[566, 474]] });
  const quote = await client.quote(PHOTO, { mask: await found.bytes() });

  assert.ok(found.selection.area_share > 0 && found.selection.area_share < 0.2);
  assert.deepEqual([quote.credits, quote.wouldBeAccepted, quote.refusal], [5, true, null]);
  assert.equal((await client.balance()).creditsRemaining, before);
});

test("a job is submitted now and waited for later", async () => {
  const job = await client.submit(SMALL, { bbox: BBOX });

  const result = await client.wait(job.id, { waitTimeoutMs: 60_000 });

  assert.deepEqual([job.status, result.id, (await client.get(job.id)).status], ["queued", job.id, "completed"]);
});

test("a repeated call is one job", async () => {
  const before = (await client.balance()).creditsRemaining;
  const idempotencyKey = `order-${randomUUID()}`;

  const first = await client.removeObject(SMALL, { bbox: BBOX, idempotencyKey });
  const second = await client.removeObject(SMALL, { bbox: BBOX, idempotencyKey });

  assert.equal(first.id, second.id);
  assert.equal((await client.balance()).creditsRemaining, before - 5);
});

test("usage goes through all pages, each job once", async () => {
  for (let i = 0; i < 3; i += 1) await client.wait(await client.submit(SMALL, { bbox: BBOX }));
  const since = new Date(Date.now() - 86_400_000);
  const ids = [];

  for await (const line of client.usage({ pageSize: 2, operation: "remove-object", since })) ids.push(line.id);
  const older = await client.usage({ until: since }).next();

  assert.ok(ids.length >= 3);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(older.done);
});

test("the catalogue names price and engine", async () => {
  const removal = (await client.models()).find((model) => model.operation === "remove-object");

  assert.deepEqual([removal.credits, removal.available, Boolean(removal.engine)], [5, true, true]);
});

test("a parameter at fault is named", async () => {
  await assert.rejects(client.removeObject(SMALL, { bbox: BBOX, quality: 900 }), (error) => {
    assert.ok(error instanceof InvalidRequest);
    assert.deepEqual([error.status, error.param, error.requestId.length], [422, "quality", 32]);
    assert.ok("quality" in error.errors);
    return true;
  });
});

test("a job that finds nothing is an error with its reason, and costs nothing", async () => {
  await assert.rejects(client.removeObject(SMALL, { prompt: "the unicorn" }), (error) => {
    assert.ok(error instanceof JobFailed);
    assert.deepEqual([error.code, error.job.creditsUsed], ["nothing_found", 0]);
    assert.ok(error.requestId && error.idempotencyKey);
    return true;
  });
});

test("a stranger's job is not found", async () => {
  await assert.rejects(client.get("7d3f0a3e-0000-4000-8000-000000000001"), NotFound);
});

test("a wrong key is told as such", async () => {
  const stranger = new Pixelsite({ apiKey: "pk_live_wrong", baseUrl });

  await assert.rejects(
    stranger.balance(),
    (error) => error instanceof AuthenticationFailed && error.code === "api_key_invalid",
  );
});

test("too few credits say how many, and stop the rest", async () => {
  const poor = new Pixelsite({ apiKey: poorKey, baseUrl });

  const outcomes = await poor.removeMany([SMALL, SMALL, SMALL], { bbox: BBOX, concurrency: 1 });

  assert.deepEqual(
    outcomes.map((one) => one.error === null),
    [true, false, false],
  );
  assert.ok(outcomes[1].error instanceof InsufficientCredits);
  assert.deepEqual([outcomes[1].error.required, outcomes[1].error.available], [5, 2]);
});

test("many pictures are saved as they are done", async (t) => {
  const home = folder(t);
  const seen = [];

  const outcomes = await client.removeMany(
    Array.from({ length: 6 }, (_, n) => noise(32, n)),
    {
      bbox: BBOX,
      onDone: ({ result, index }) => result.save(path.join(home, `${index}.png`)),
      onProgress: ({ ended }) => seen.push(ended),
    },
  );

  assert.deepEqual(
    outcomes.map((one) => one.error),
    Array(6).fill(null),
  );
  assert.deepEqual(
    fs.readdirSync(home).sort(),
    [0, 1, 2, 3, 4, 5].map((n) => `${n}.png`),
  );
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
});

test("who does not wait long is told where the job stands", async () => {
  const job = await client.submit(PHOTO, { mask: MASK });

  const error = await client.wait(job, { waitTimeoutMs: 0 }).catch((reason) => reason);

  assert.ok(error instanceof WaitTimeout);
  assert.equal((await client.wait(error.job)).id, job.id);
});

test("giving up a wait leaves the job to go on", async () => {
  const job = await client.submit(PHOTO, { mask: MASK });

  await assert.rejects(client.wait(job, { signal: AbortSignal.timeout(20) }), { name: "TimeoutError" });

  assert.equal((await client.wait(job)).id, job.id);
});

test("a completed job is not canceled, and keeps its result", async () => {
  const result = await client.removeObject(SMALL, { bbox: BBOX });

  const job = await client.cancel(result.id);

  assert.equal(job.status, "completed");
  assert.ok((await result.bytes()).length > 0);
});

test("a queued job is canceled and costs nothing", async () => {
  const before = (await client.balance()).creditsRemaining;
  const jobs = [];
  for (let i = 0; i < 8; i += 1) jobs.push(await client.submit(PHOTO, { mask: MASK })); // the worker has two threads

  const canceled = [];
  for (const job of jobs.slice(4).reverse()) canceled.push(await client.cancel(job));

  let paid = 0;
  for (const job of jobs) {
    const ended = await client.wait(job).catch((error) => error);
    paid += ended.job.creditsUsed;
  }
  assert.ok(canceled.some((job) => job.status === "canceled"));
  assert.equal((await client.balance()).creditsRemaining, before - paid);
  assert.ok(paid < 40);
});

test("deleted images are gone", async (t) => {
  const result = await client.removeObject(SMALL, { bbox: BBOX });
  const home = folder(t);

  await client.delete(result.id);

  await assert.rejects(result.save(path.join(home, "a.png")), Gone);
  assert.deepEqual(fs.readdirSync(home), []);
});

test("programs in PixelAPI's words run", async (t) => {
  const facade = new PixelAPI({ apiKey, baseUrl });
  const file = path.join(folder(t), "result.jpg");

  const result = await facade.removeObject({ image: PHOTO, mask: MASK });
  await result.save(file);
  const [latest] = await facade.usage({ limit: 1 });

  assert.equal(fs.readFileSync(file).subarray(0, 2).toString("hex"), "ffd8");
  assert.deepEqual(
    [result.status, result.generationId, result.outputUrl],
    ["completed", latest.generation_id, result.url],
  );
  assert.equal((await facade.get(result.generationId)).id, result.id);
  assert.ok("credits_remaining" in (await facade.balance()));
  assert.ok((await facade.models()).some((model) => model.operation === "remove-object"));
  await assert.rejects(facade.removeObject({ mask: MASK }), /either image or imageUrl/);
});
