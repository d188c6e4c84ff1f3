/** Many pictures, each a call of its own, against a server that refuses some of them. */
"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { Pixelsite, InsufficientCredits, InvalidRequest } = require("pixelsite-client");
const { KEY, SILENCE, accepted, completed, faulty, refused } = require("./support/faulty.js");

const PICTURES = ["one", "two", "three"].map((name) => Buffer.from(name));
const client = (server) => new Pixelsite({ apiKey: KEY, baseUrl: server.url });

test("what fails is told and stops nobody", async (t) => {
  const server = await faulty(t, completed(), refused(422, "mask_empty"), completed());

  const outcomes = await client(server).removeMany(PICTURES, { prompt: "the cat", concurrency: 1 });

  assert.deepEqual(
    outcomes.map((one) => one.error === null),
    [true, false, true],
  );
  assert.ok(outcomes[1].error instanceof InvalidRequest);
  assert.equal(outcomes[1].source, PICTURES[1]);
  assert.equal(outcomes[0].result.creditsUsed, 5);
});

test("outcomes keep the order the pictures were given in", async (t) => {
  const slowToFast = (request) => completed(null, { metadata: { body: request.body.toString("latin1") } });
  const server = await faulty(t, ...Array.from({ length: 12 }, () => slowToFast));
  const pictures = Array.from({ length: 12 }, (_, n) => Buffer.from(`picture-${n}-`));

  const outcomes = await client(server).removeMany(pictures, { prompt: "x", concurrency: 5 });

  assert.deepEqual(
    outcomes.map((one) => one.index),
    Array.from({ length: 12 }, (_, n) => n),
  );
  outcomes.forEach((one, n) => assert.ok(one.result.metadata.body.includes(`picture-${n}-`)));
});

test("no more are on their way at a time than allowed", async (t) => {
  let now = 0;
  let most = 0;
  const server = await faulty(t);
  const slow = async (url, init) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 20));
    now -= 1;
    return new Response(JSON.stringify(completed().body));
  };
  const one = new Pixelsite({ apiKey: KEY, baseUrl: server.url, fetch: slow });

  await one.removeMany(
    Array.from({ length: 9 }, () => PICTURES[0]),
    { prompt: "x", concurrency: 3 },
  );

  assert.equal(most, 3);
});

test("once the credits are gone the rest is not sent", async (t) => {
  const server = await faulty(t, completed(), refused(402, "insufficient_credits"));

  const outcomes = await client(server).removeMany([...PICTURES, ...PICTURES], { prompt: "x", concurrency: 1 });

  assert.equal(server.heard.length, 2);
  assert.ok(outcomes.slice(1).every((one) => one.error instanceof InsufficientCredits));
});

test("a file that is missing is one failure", async (t) => {
  const server = await faulty(t, completed());

  const outcomes = await client(server).removeMany(["/none/such.jpg", PICTURES[0]], { prompt: "x", concurrency: 1 });

  assert.deepEqual(
    outcomes.map((one) => one.error?.code),
    ["ENOENT", undefined],
  );
});

test("a picture may bring options of its own", async (t) => {
  const server = await faulty(t, completed(), completed());

  await client(server).removeMany(
    [
      { image: PICTURES[0], mask: Buffer.from("its mask") },
      { image: PICTURES[1], prompt: "the dog", idempotencyKey: "mine" },
    ],
    { mode: "quality", concurrency: 1 },
  );

  const [first, second] = server.heard;
  assert.ok(first.body.includes("its mask") && first.body.includes("quality"));
  assert.ok(second.body.includes("the dog") && second.body.includes("quality"));
  assert.equal(second.headers["idempotency-key"], "mine");
});

test("one key for all would be one job for all", async (t) => {
  const server = await faulty(t);

  await assert.rejects(client(server).removeMany(PICTURES, { prompt: "x", idempotencyKey: "one" }), /idempotencyKey/);
  await assert.rejects(client(server).removeMany(PICTURES, { promt: "x" }), /Did you mean/);
  await assert.rejects(client(server).removeMany(PICTURES, { prompt: "x", concurrency: 0 }), RangeError);

  assert.equal(server.heard.length, 0);
});

test("pictures are taken as they are needed, from a generator too", async (t) => {
  const server = await faulty(t, ...Array.from({ length: 9 }, () => completed()));
  const heardWhenTaken = [];
  async function* pictures() {
    for (let n = 0; n < 9; n += 1) {
      heardWhenTaken.push(server.heard.length);
      yield PICTURES[0];
    }
  }

  await client(server).removeMany(pictures(), { prompt: "x", concurrency: 1 });

  assert.deepEqual(heardWhenTaken, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test("what could not be saved has a result and an error", async (t) => {
  const server = await faulty(t, completed());
  const onDone = async () => {
    throw new Error("the disk is full");
  };

  const [one] = await client(server).removeMany([PICTURES[0]], { prompt: "x", onDone });

  assert.deepEqual([one.error.message, one.result.creditsUsed], ["the disk is full", 5]);
});

test("progress is told of each that ended", async (t) => {
  const server = await faulty(t, completed(), refused(422, "mask_empty"), completed());
  const told = [];

  await client(server).segmentMany(PICTURES, { prompt: "x", concurrency: 1, onProgress: (one) => told.push(one) });

  assert.deepEqual(told, [
    { ended: 1, failed: 0, total: 3 },
    { ended: 2, failed: 1, total: 3 },
    { ended: 3, failed: 1, total: 3 },
  ]);
  assert.ok(server.heard.every((one) => one.path === "/v1/image/segment"));
});

test("a mistake in onProgress is not swallowed, and stops the rest", async (t) => {
  const server = await faulty(t, ...Array.from({ length: 9 }, () => completed()));
  const onProgress = () => {
    throw new RangeError("mistaken");
  };

  await assert.rejects(
    client(server).removeMany([...PICTURES, ...PICTURES], { prompt: "x", concurrency: 1, onProgress }),
    /mistaken/,
  );

  assert.equal(server.heard.length, 1);
});

test("giving up gives up all", async (t) => {
  const server = await faulty(t, accepted(), SILENCE, SILENCE);
  const signal = AbortSignal.timeout(200);

  await assert.rejects(client(server).removeMany(PICTURES, { prompt: "x", concurrency: 1, signal }), {
    name: "TimeoutError",
  });

  assert.ok(server.heard.length <= 2);
});
