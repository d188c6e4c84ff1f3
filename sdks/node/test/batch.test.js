/** A batch in one request, against a server that tells what a test makes it tell. */
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { Pixelsite, BatchTimeout, Conflict, InsufficientCredits } = require("pixelsite-client");
const { CUT, KEY, RESET, SILENCE, faulty, refused, said } = require("./support/faulty.js");
const { folder } = require("./support/folder.js");

const PICTURES = ["one", "two"].map((name) => Buffer.from(name));
const NONE = { queued: 0, processing: 0, completed: 0, failed: 0, blocked: 0, canceled: 0 };
const client = (server, more = {}) => new Pixelsite({ apiKey: KEY, baseUrl: server.url, ...more });

function line(index, status, more = {}) {
  const id = `job-${index}`;
  return {
    index,
    filename: `${index}.jpg`,
    id,
    generation_id: id,
    status,
    progress: status === "completed" ? 100 : 0,
    credits_used: 5,
    output_url: null,
    error: null,
    error_message: null,
    warnings: [],
    ...more,
  };
}

function batch(status, jobs, more = {}) {
  const counts = { ...NONE };
  for (const one of jobs) counts[one.status] += 1;
  return {
    id: "B/1",
    batch_id: "B/1",
    operation: "remove-object",
    status,
    total: jobs.length,
    accepted: jobs.length,
    refused: 0,
    counts,
    progress: Math.round((100 * (counts.completed + counts.failed)) / jobs.length),
    credits_used: 10,
    results_url: null,
    created_at: "2026-11-25T01:40:00Z",
    ended_at: null,
    jobs,
    ...more,
  };
}

async function formOf({ headers, body }) {
  return new Response(body, { headers: { "Content-Type": headers["content-type"] } }).formData();
}

test("pictures, masks and options are one form, sent again under one key", async (t) => {
  const server = await faulty(t, RESET, said(202, batch("queued", [line(0, "queued"), line(1, "queued")])));
  const images = PICTURES.map((image, n) => ({ image, mask: Buffer.from(`mask ${n}`) }));

  const found = await client(server).submitBatch(images, { grow: 4, outputFormat: "png", cancelAfter: "5m" });

  const form = await formOf(server.heard[1]);
  const texts = async (name) => Promise.all(form.getAll(name).map((one) => one.text()));
  assert.deepEqual(await texts("images"), ["one", "two"]);
  assert.deepEqual(await texts("masks"), ["mask 0", "mask 1"]);
  assert.deepEqual([form.get("grow"), form.get("output_format")], ["4", "png"]);
  assert.equal(server.heard[1].path, "/v1/image/remove-object/batch");
  assert.equal(server.heard[1].headers["cancel-after"], "5m");
  assert.equal(new Set(server.keys()).size, 1);
  assert.deepEqual([found.id, found.status, found.isEnded, found.lines[1].jobId], ["B/1", "queued", false, "job-1"]);
});

test("one mask may be for all", async (t) => {
  const server = await faulty(t, said(202, batch("queued", [line(0, "queued"), line(1, "queued")])));

  await client(server).submitBatch(PICTURES, { mask: Buffer.from("the mask") });

  const form = await formOf(server.heard[0]);
  assert.deepEqual([form.getAll("images").length, form.getAll("masks").length], [2, 1]);
});

test("what cannot be a batch is refused before anything is sent", async (t) => {
  const server = await faulty(t);
  const one = client(server);
  const [image, mask] = PICTURES;

  await assert.rejects(one.batch([], { prompt: "x" }), /at least one picture/);
  await assert.rejects(one.batch([{ image, mask }, image], {}), /own mask/);
  await assert.rejects(one.batch([{ image, mask }], { mask }), /own mask/);
  await assert.rejects(one.batch([{ image, prompt: "x" }], {}), /removeMany/);
  await assert.rejects(one.batch(["https://example.com/a.jpg"], { prompt: "x" }), /addresses/);
  await assert.rejects(one.batch([image], { promt: "x" }), /Did you mean/);
  await assert.rejects(one.batch(["/none/such.jpg"], { prompt: "x" }), { code: "ENOENT" });
  await assert.rejects(one.getBatch(""), TypeError);

  assert.equal(server.heard.length, 0);
});

test("a batch is waited for, and its progress told", async (t) => {
  const failed = line(1, "failed", { error: { code: "nothing_found", message: "There is no cat." }, credits_used: 0 });
  const server = await faulty(
    t,
    said(202, batch("queued", [line(0, "queued"), line(1, "queued")])),
    said(200, batch("processing", [line(0, "processing"), line(1, "queued")])),
    said(200, batch("processing", [line(0, "processing"), line(1, "queued")])),
    said(200, batch("completed", [line(0, "completed"), failed], { ended_at: "2026-11-25T01:41:00Z" })),
  );
  const told = [];

  const found = await client(server).batch(PICTURES, { prompt: "the cat", onProgress: (one) => told.push(one.counts) });

  assert.deepEqual(
    told.map((counts) => [counts.queued, counts.processing, counts.completed, counts.failed]),
    [
      [2, 0, 0, 0],
      [1, 1, 0, 0],
      [0, 0, 1, 1],
    ],
  );
  assert.deepEqual(
    [found.done.map((one) => one.index), found.failed.map((one) => one.error.code)],
    [[0], ["nothing_found"]],
  );
  assert.equal(server.heard[1].path, "/v1/batches/B%2F1?wait=1");
  assert.equal(found.facts.endedAt.toISOString(), "2026-11-25T01:41:00.000Z");
});

test("who does not watch holds one request open", async (t) => {
  const server = await faulty(
    t,
    said(202, batch("queued", [line(0, "queued")])),
    said(200, batch("completed", [line(0, "completed")])),
  );

  await client(server).batch([PICTURES[0]], { prompt: "x" });

  assert.match(server.heard[1].path, /\?wait=25$/);
});

test("a batch that goes on is told as such, and can be waited for again", async (t) => {
  const server = await faulty(
    t,
    said(202, batch("queued", [line(0, "queued")])),
    said(200, batch("processing", [line(0, "processing")])),
    said(200, batch("completed", [line(0, "completed")])),
  );
  const one = client(server);

  const error = await one.batch([PICTURES[0]], { prompt: "x", waitTimeoutMs: 0 }).catch((reason) => reason);
  const found = await one.waitBatch(error.batch.id);

  assert.ok(error instanceof BatchTimeout);
  assert.equal(error.batch.status, "queued");
  assert.equal(found.status, "completed");
});

test("where not one picture is accepted, the refusal has the lines and the key", async (t) => {
  const jobs = [line(0, "failed", { id: null, error: { code: "insufficient_credits", message: "x" } })];
  const server = await faulty(t, refused(402, "insufficient_credits", { required: 5, available: 2, jobs }));

  await assert.rejects(client(server).batch([PICTURES[0]], { prompt: "x" }), (error) => {
    assert.ok(error instanceof InsufficientCredits);
    assert.deepEqual([error.required, error.available, error.body.jobs.length], [5, 2, 1]);
    assert.equal(error.idempotencyKey, server.keys()[0]);
    return true;
  });
});

test("a quote tells of each picture and stores nothing", async (t) => {
  const server = await faulty(
    t,
    said(200, {
      dry_run: true,
      operation: "remove-object",
      credits: 5,
      credits_each: 5,
      credits_remaining: 495,
      total: 2,
      accepted: 1,
      refused: 1,
      would_be_accepted: true,
      jobs: [
        { index: 0, filename: "0.jpg", would_be_accepted: true, refusal: null, warnings: [] },
        {
          index: 1,
          filename: "1.jpg",
          would_be_accepted: false,
          refusal: { code: "invalid_image", detail: "No." },
          warnings: [],
        },
      ],
    }),
  );

  const quote = await client(server).quoteBatch(PICTURES, { prompt: "x" });

  const form = await formOf(server.heard[0]);
  assert.equal(form.get("dry_run"), "true");
  assert.equal(server.keys()[0], undefined);
  assert.deepEqual([quote.credits, quote.wouldBeAccepted, quote.lines[1].refusal.code], [5, true, "invalid_image"]);
});

test("a retry is one call under one key, and says what was retried", async (t) => {
  const retried = {
    retried: [0],
    not_retried: [{ index: 1, filename: "1.jpg", error: { code: "not_stored", message: "Send it again." } }],
  };
  const server = await faulty(
    t,
    RESET,
    said(202, batch("processing", [line(0, "queued"), line(1, "failed")], retried)),
    said(200, batch("completed", [line(0, "completed"), line(1, "failed")])),
  );

  const found = await client(server).retryBatch("B/1");

  assert.deepEqual(
    server.heard.map((one) => `${one.method} ${one.path}`),
    ["POST /v1/batches/B%2F1/retry", "POST /v1/batches/B%2F1/retry", "GET /v1/batches/B%2F1?wait=25"],
  );
  assert.equal(server.keys()[0], server.keys()[1]);
  assert.deepEqual(
    [found.status, found.facts.retried, found.facts.notRetried[0].error.code],
    ["completed", [0], "not_stored"],
  );
});

test("nothing to retry is a conflict", async (t) => {
  const server = await faulty(t, refused(409, "nothing_to_retry"));

  await assert.rejects(client(server).retryBatch("B/1"), Conflict);
});

test("the results are fetched into a file, with the key and from the site itself", async (t) => {
  const home = folder(t);
  const told = batch("completed", [line(0, "completed")], { results_url: "https://elsewhere.example/results.zip" });
  const server = await faulty(t, said(200, told), CUT, said(200, Buffer.from("PK zip")));
  const found = await client(server).getBatch("B/1");

  const written = await found.saveZip(path.join(home, "all.zip"));

  assert.equal(fs.readFileSync(written, "utf8"), "PK zip");
  assert.deepEqual(fs.readdirSync(home), ["all.zip"]);
  assert.deepEqual(
    server.heard.map((one) => one.path),
    ["/v1/batches/B%2F1", ...Array(2).fill("/v1/batches/B%2F1/results.zip")],
  );
  assert.ok(server.heard.every((one) => one.headers.authorization === `Bearer ${KEY}`));
});

test("results that are not there yet are told as such, and leave no file", async (t) => {
  const home = folder(t);
  const server = await faulty(
    t,
    said(200, batch("processing", [line(0, "processing")])),
    refused(409, "no_results_yet"),
  );
  const found = await client(server).getBatch("B/1");

  await assert.rejects(found.saveZip(path.join(home, "all.zip")), { name: "Conflict", code: "no_results_yet" });

  assert.deepEqual(fs.readdirSync(home), []);
});

test("one result is fetched by itself; where there is none it says why", async (t) => {
  const server = await faulty(t);
  const jobs = [line(0, "completed", { output_url: `${server.url}/picture` }), line(1, "failed")];
  server.script.push(said(200, batch("completed", jobs)), said(200, Buffer.from("PNG")));
  const found = await client(server).getBatch("B/1");

  const bytes = await found.result(0).bytes();

  assert.equal(Buffer.from(bytes).toString(), "PNG");
  assert.throws(() => found.result(1), /Picture 1 is failed/);
  assert.throws(() => found.result(2), /no picture 2/);
});

test("a batch is given up while it is waited for", async (t) => {
  const server = await faulty(t, said(202, batch("queued", [line(0, "queued")])), SILENCE);

  await assert.rejects(client(server).batch([PICTURES[0]], { prompt: "x", signal: AbortSignal.timeout(200) }), {
    name: "TimeoutError",
  });
});
