/** Setting up a client, giving up a call, and that the key is nowhere but in the request. */
"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { inspect } = require("node:util");
const {
  Pixelsite,
  ConfigurationError,
  InsufficientCredits,
  InvalidRequest,
  JobBlocked,
  JobCanceled,
  JobFailed,
  KeyCapReached,
  WaitTimeout,
} = require("pixelsite-client");
const { ACCEPTED, KEY, RESET, SILENCE, accepted, completed, faulty, refused, said } = require("./support/faulty.js");

const PICTURE = Buffer.from("a picture");
const BALANCE = said(200, { credits_remaining: 5, credits_held: 0, plan: "free", email: "a@example.com" });
const SITE = "https://pixelsite.example";

const client = (server, more = {}) => new Pixelsite({ apiKey: KEY, baseUrl: server.url, ...more });

function environment(t, values) {
  const before = { ...process.env };
  t.after(() => {
    for (const name of Object.keys(values)) delete process.env[name];
    Object.assign(process.env, before);
  });
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

test("key and address are read from the environment", async (t) => {
  const server = await faulty(t, BALANCE);
  environment(t, { PIXELSITE_API_KEY: `${KEY}\n`, PIXELSITE_BASE_URL: `${server.url}/v1/` });

  await new Pixelsite().balance();

  assert.equal(server.heard[0].path, "/v1/account/balance");
  assert.equal(server.heard[0].headers.authorization, `Bearer ${KEY}`);
  assert.match(server.heard[0].headers["user-agent"], /^pixelsite-client\/\d+\.\d+\.\d+ node\/\d+/);
});

test("without a key or an address the error says what to set", (t) => {
  environment(t, { PIXELSITE_API_KEY: undefined, PIXELSITE_BASE_URL: undefined });

  assert.throws(() => new Pixelsite({ baseUrl: SITE }), /PIXELSITE_API_KEY/);
  assert.throws(() => new Pixelsite({ apiKey: KEY }), /PIXELSITE_BASE_URL/);
});

for (const baseUrl of [
  "pixelsite.example",
  "ftp://pixelsite.example",
  "https://me:pw@pixelsite.example",
  "https://",
  "https://a.example/?b=c",
]) {
  test(`an address that is none is refused: ${baseUrl}`, () => {
    assert.throws(() => new Pixelsite({ apiKey: KEY, baseUrl }), ConfigurationError);
    assert.throws(() => new Pixelsite({ apiKey: KEY, baseUrl }), /baseUrl/);
  });
}

for (const apiKey of ["pk live", "pk_live_ü", "pk\nX-Evil: 1"]) {
  test(`a key that cannot be one is refused and not repeated: ${JSON.stringify(apiKey)}`, () => {
    assert.throws(
      () => new Pixelsite({ apiKey, baseUrl: SITE }),
      (error) => {
        assert.ok(error instanceof ConfigurationError);
        assert.ok(!error.message.includes(apiKey));
        return true;
      },
    );
  });
}

test("the key is in no error, no log and nothing that is printed", async (t) => {
  const server = await faulty(
    t,
    RESET,
    RESET,
    refused(401, "api_key_invalid"),
    accepted(),
    said(200, Buffer.from("no")),
  );
  const told = [];
  const one = client(server, { retries: 1, onRetry: (retry) => told.push(inspect(retry, { depth: 9 })) });

  for (let i = 0; i < 2; i += 1) {
    await one
      .submit(PICTURE, { prompt: "x" })
      .catch((error) => told.push(inspect(error, { depth: 9, showHidden: true })));
  }
  told.push(inspect(await one.submit(PICTURE, { prompt: "x" }), { depth: 9, showHidden: true }));
  await one.get("x").catch((error) => told.push(inspect(error, { depth: 9, showHidden: true })));
  told.push(inspect(one, { depth: 9, showHidden: true }), JSON.stringify(one));

  assert.equal(server.heard.length, 5);
  assert.match(told.join(""), /ECONNRESET|other side closed/);
  assert.ok(!told.join("").includes(KEY));
  assert.ok(server.heard.every((heard) => heard.headers.authorization === `Bearer ${KEY}`));
});

test("what cannot be a header is refused before anything is sent", async (t) => {
  const server = await faulty(t);

  await assert.rejects(client(server).submit(PICTURE, { prompt: "x", cancelAfter: "5m\nX-Evil: 1" }), /cancelAfter is/);
  await assert.rejects(client(server).submit(PICTURE, { prompt: "x", idempotencyKey: "ü" }), /idempotencyKey is/);

  assert.equal(server.heard.length, 0);
});

test("a misspelt option is refused before anything is sent, with the nearest name", async (t) => {
  const server = await faulty(t);
  const one = client(server);

  await assert.rejects(one.removeObject(PICTURE, { promt: "x" }), /"promt".*Did you mean "prompt"\?/);
  await assert.rejects(one.removeObject(PICTURE, { output_format: "png" }), /Did you mean "outputFormat"\?/);
  await assert.rejects(one.segment(PICTURE, { box: [1, 1, 2, 2], quality: 5 }), TypeError);
  await assert.rejects(one.usage({ limit: 5 }).next(), TypeError);

  assert.equal(server.heard.length, 0);
});

for (const [when, script] of Object.entries({
  "while an answer is awaited": [SILENCE],
  "during a pause": [refused(503, "queue_full", { headers: { "Retry-After": "60" } })],
})) {
  test(`a call is given up ${when}`, async (t) => {
    const server = await faulty(t, ...script);
    const giving = new AbortController();
    setTimeout(() => giving.abort(), 150);

    await assert.rejects(client(server).removeObject(PICTURE, { prompt: "x", signal: giving.signal }), {
      name: "AbortError",
    });

    assert.equal(server.heard.length, 1);
  });
}

test("a signal's own reason is what a call is given up with", async (t) => {
  const server = await faulty(t);
  const giving = new AbortController();
  giving.abort(new RangeError("enough"));

  await assert.rejects(client(server).balance({ signal: giving.signal }), /enough/);

  assert.equal(server.heard.length, 0);
});

test("who does not wait long is told where the job stands", async (t) => {
  const server = await faulty(t, accepted({ status: "processing" }));

  await assert.rejects(client(server).removeObject(PICTURE, { prompt: "x", waitTimeoutMs: 0 }), (error) => {
    assert.ok(error instanceof WaitTimeout);
    assert.deepEqual([error.job.status, error.code], ["processing", "wait_timeout"]);
    assert.ok(error.idempotencyKey);
    return true;
  });
});

for (const [status, Kind] of Object.entries({ failed: JobFailed, blocked: JobBlocked, canceled: JobCanceled })) {
  test(`a job that ended as ${status} is an error with its reason`, async (t) => {
    const error = status === "canceled" ? null : { code: "nothing_found", message: "There is no unicorn." };
    const server = await faulty(t, accepted({ status, error }));

    await assert.rejects(client(server).removeObject(PICTURE, { prompt: "the unicorn" }), (failure) => {
      assert.ok(failure instanceof Kind);
      assert.equal(failure.code, error ? "nothing_found" : "canceled");
      assert.equal(failure.job.status, status);
      return true;
    });
  });
}

test("too few credits say how many, from the numbers or from the sentence", async (t) => {
  const detail = "Insufficient credits. Required: 5, available: 2. Upgrade.";
  const server = await faulty(
    t,
    refused(402, "insufficient_credits", { detail }),
    refused(402, "account_in_debt", { required: 5, available: -3 }),
    refused(402, "key_cap_reached"),
  );
  const numbers = [];

  for (let i = 0; i < 2; i += 1) {
    await client(server)
      .submit(PICTURE, { prompt: "x" })
      .catch((error) => {
        assert.ok(error instanceof InsufficientCredits);
        numbers.push([error.required, error.available]);
      });
  }

  assert.deepEqual(numbers, [
    [5, 2],
    [5, -3],
  ]);
  await assert.rejects(client(server).submit(PICTURE, { prompt: "x" }), KeyCapReached);
});

test("a parameter at fault is named", async (t) => {
  const server = await faulty(
    t,
    refused(422, "invalid_parameter", { param: "quality", errors: { quality: ["too much"] } }),
  );

  await assert.rejects(client(server).submit(PICTURE, { prompt: "x", quality: 900 }), (error) => {
    assert.ok(error instanceof InvalidRequest);
    assert.deepEqual([error.param, error.errors], ["quality", { quality: ["too much"] }]);
    return true;
  });
});

test("usage is fetched page by page, and its cursor goes to the site and nowhere else", async (t) => {
  const line = (id) => ({
    id,
    operation: "segment",
    status: "completed",
    credits_used: 0,
    created_at: "2026-11-25T01:40:00Z",
  });
  const server = await faulty(
    t,
    said(200, {
      results: [line("a"), line("b")],
      next: "https://elsewhere.example/v1/account/usage?cursor=c%2B1&limit=2",
    }),
    said(200, { results: [line("c")], next: null }),
  );
  const since = new Date("2026-11-24T00:00:00Z");
  const ids = [];

  for await (const one of client(server).usage({ pageSize: 2, status: "completed", since })) ids.push(one.id);

  assert.deepEqual(ids, ["a", "b", "c"]);
  assert.deepEqual(
    server.heard.map((one) => one.path),
    [
      "/v1/account/usage?status=completed&limit=2&since=2026-11-24T00%3A00%3A00.000Z",
      "/v1/account/usage?status=completed&limit=2&since=2026-11-24T00%3A00%3A00.000Z&cursor=c%2B1",
    ],
  );
});

test("a job is read whole, and keeps the answer it was read from", async (t) => {
  const told = {
    ...ACCEPTED,
    status: "completed",
    created_at: "2026-02-19T08:00:00Z",
    width: 7,
    receipt: { engine: "exemplar" },
    warnings: ["small"],
    new_field: 1,
  };
  const server = await faulty(t, said(200, told));

  const job = await client(server).get(ACCEPTED.id);

  assert.deepEqual([job.isEnded, job.width, job.receipt.engine, job.placeInLine], [true, 7, "exemplar", null]);
  assert.equal(job.createdAt.toISOString(), "2026-02-19T08:00:00.000Z");
  assert.deepEqual(job.raw, told);
  assert.ok(!JSON.stringify(job).includes("new_field"));
});
