/** What is sent again, and that it is the same call: against a server that fails in given ways. */
"use strict";

const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const test = require("node:test");
const {
  Pixelsite,
  ConnectionFailed,
  Conflict,
  InvalidRequest,
  NotFound,
  RateLimited,
  ServerError,
  UnexpectedAnswer,
} = require("pixelsite-client");
const {
  ACCEPTED,
  CUT,
  KEY,
  REQUEST_ID,
  RESET,
  SILENCE,
  accepted,
  completed,
  faulty,
  nowhere,
  refused,
  said,
} = require("./support/faulty.js");
const { pauseMs, backoffMs } = require("../src/retries.js");

const PICTURE = Buffer.from("a picture");
const SOON = { headers: { "Retry-After": "0" } };

const client = (server, more = {}) => new Pixelsite({ apiKey: KEY, baseUrl: server.url, ...more });

const PASSING = {
  500: refused(500, "internal_error"),
  502: said(502, Buffer.from("<html>bad gateway</html>")),
  503: refused(503, "queue_full", SOON),
  504: said(504, Buffer.alloc(0)),
  429: refused(429, "rate_limited", SOON),
  "its own first try is under way": refused(409, "idempotency_in_progress", SOON),
  "a reset": RESET,
  "an answer cut in the middle": CUT,
  silence: SILENCE,
};
for (const [name, failure] of Object.entries(PASSING)) {
  test(`a submission that met ${name} is repeated as the same call`, async (t) => {
    const server = await faulty(t, failure, accepted());

    const job = await client(server, { timeoutMs: 300 }).submit(PICTURE, { bbox: [1, 2, 3, 4] });

    const [first, second] = server.keys();
    assert.deepEqual([job.id, job.status], [ACCEPTED.id, "queued"]);
    assert.match(first, /^[0-9a-f-]{36}$/);
    assert.equal(first, second);
    assert.deepEqual(
      server.heard.map((one) => one.body.includes(PICTURE)),
      [true, true],
    );
  });
}

test("a stream is sent whole again though it was read", async (t) => {
  const server = await faulty(t, RESET, RESET, accepted());

  await client(server).submit(Readable.from([Buffer.from("a pic"), Buffer.from("ture")]), { prompt: "the cat" });

  assert.deepEqual(
    server.heard.map((one) => one.body.includes(PICTURE)),
    [true, true, true],
  );
});

test("two calls have two keys", async (t) => {
  const server = await faulty(t, accepted(), accepted());

  for (let i = 0; i < 2; i += 1) await client(server).submit(PICTURE, { prompt: "the cat" });

  assert.equal(new Set(server.keys()).size, 2);
});

test("a key of the caller's own is used on every try", async (t) => {
  const server = await faulty(t, refused(500, "internal_error", SOON), accepted());

  await client(server).submit(PICTURE, { prompt: "the cat", idempotencyKey: "order-17" });

  assert.deepEqual(server.keys(), ["order-17", "order-17"]);
});

test("every try has a request id of its own", async (t) => {
  const server = await faulty(t, RESET, accepted());

  await client(server).submit(PICTURE, { prompt: "the cat" });

  const ids = server.heard.map((one) => one.headers["x-request-id"]);
  assert.equal(new Set(ids).size, 2);
  assert.ok(ids.every((id) => /^[0-9a-f]{32}$/.test(id)));
});

test("waiting goes on after an answer was lost", async (t) => {
  const server = await faulty(t, RESET, accepted(), RESET, completed());

  const result = await client(server).removeObject(PICTURE, { prompt: "the cat" });

  assert.equal(result.job.status, "completed");
  assert.deepEqual(
    server.heard.map((one) => one.method),
    ["POST", "POST", "GET", "GET"],
  );
  assert.equal(server.heard[0].headers.prefer, "wait=25");
  assert.match(server.heard[3].path, /\?wait=25$/);
});

test("a site that does not hold answers back is asked ever less often", async (t) => {
  const server = await faulty(t, ...Array.from({ length: 4 }, () => accepted({ status: "processing" })), completed());
  const began = performance.now();

  await client(server).wait(ACCEPTED.id);

  // Three pauses of at least half of 500, 1000 and 2000 ms.
  assert.ok(performance.now() - began >= 1700);
  assert.equal(server.heard.length, 5);
});

const FINAL = [
  [400, "image_required", InvalidRequest],
  [404, "not_found", NotFound],
  [409, "idempotency_conflict", Conflict],
  [413, "file_too_large", InvalidRequest],
  [422, "invalid_parameter", InvalidRequest],
];
for (const [status, code, Kind] of FINAL) {
  test(`${status} ${code} will not get better, and is sent once`, async (t) => {
    const server = await faulty(t, refused(status, code));

    await assert.rejects(client(server).submit(PICTURE, { prompt: "the cat" }), (error) => {
      assert.ok(error instanceof Kind);
      assert.deepEqual([error.name, error.status, error.code, error.requestId], [Kind.name, status, code, REQUEST_ID]);
      return true;
    });
    assert.equal(server.heard.length, 1);
  });
}

test("Retry-After is waited for and not a second less", async (t) => {
  const server = await faulty(t, refused(429, "rate_limited", { headers: { "Retry-After": "1" } }), accepted());
  const told = [];
  const began = performance.now();

  await client(server, { onRetry: (one) => told.push(one) }).submit(PICTURE, { prompt: "the cat" });

  assert.ok(performance.now() - began >= 995);
  assert.equal(told.length, 1);
  assert.equal(told[0].reason, "HTTP 429");
  assert.ok(told[0].pauseMs >= 1000 && told[0].pauseMs < 1300);
});

test("Retry-After may be a date", () => {
  const headers = new Headers({ "Retry-After": new Date(Date.now() + 60_000).toUTCString() });

  const pause = pauseMs(4, 0, { status: 503, headers, content: Buffer.alloc(0) });

  assert.ok(pause > 55_000 && pause < 61_000);
});

test("what is no Retry-After is passed over", () => {
  for (const written of ["soon", "-5", "1.5", "5 Jan"]) {
    const headers = new Headers({ "Retry-After": written });
    const pause = pauseMs(4, 0, { status: 503, headers, content: Buffer.alloc(0) });
    assert.ok(pause >= 250 && pause <= 500, written);
  }
});

test("pauses grow and stay bearable", () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    for (const chance of [0, 0.5, 1]) {
      const pause = backoffMs(attempt, () => chance);
      assert.ok(pause >= Math.min(8000, 500 * 2 ** attempt) / 2 && pause <= 8000);
    }
  }
});

test("a wait until tomorrow is left to the caller", async (t) => {
  const server = await faulty(t, refused(429, "sandbox_limit_reached", { headers: { "Retry-After": "36000" } }));

  await assert.rejects(client(server).submit(PICTURE, { prompt: "the cat" }), (error) => {
    assert.ok(error instanceof RateLimited);
    assert.deepEqual([error.retryAfterMs, error.code], [36_000_000, "sandbox_limit_reached"]);
    return true;
  });
  assert.equal(server.heard.length, 1);
});

test("after the last try the error names the key to repeat under", async (t) => {
  const server = await faulty(t, ...Array.from({ length: 3 }, () => refused(500, "internal_error", SOON)));

  await assert.rejects(client(server, { retries: 2 }).submit(PICTURE, { prompt: "the cat" }), (error) => {
    assert.ok(error instanceof ServerError);
    assert.deepEqual(server.keys(), [error.idempotencyKey, error.idempotencyKey, error.idempotencyKey]);
    return true;
  });
});

test("a site that is not there is told as such", async () => {
  const absent = new Pixelsite({ apiKey: KEY, baseUrl: await nowhere(), retries: 1 });

  await assert.rejects(absent.submit(PICTURE, { prompt: "the cat" }), (error) => {
    assert.ok(error instanceof ConnectionFailed);
    assert.match(error.message, /ECONNREFUSED.*tried 2 times/);
    assert.ok(error.idempotencyKey);
    return true;
  });
});

test("silence is told as such", async (t) => {
  const server = await faulty(t, SILENCE);

  await assert.rejects(client(server, { timeoutMs: 100, retries: 0 }).balance(), /nothing came for 0\.1 s.*tried once/);
});

test("an answer that comes slowly but steadily is read to its end", async (t) => {
  const server = await faulty(t, completed());
  const slow = async (url, init) => {
    const chunks = ['{"credits_remaining": 5, "plan": ', '"free", ', '"email": "a@example.com"}'];
    init.signal.addEventListener("abort", () => assert.fail("given up"));
    const body = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        const chunk = chunks.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(chunk));
      },
    });
    return new Response(body);
  };

  const balance = await client(server, { timeoutMs: 150, fetch: slow }).balance();

  assert.equal(balance.creditsRemaining, 5);
});

test("a redirect is not followed with the key", async (t) => {
  const server = await faulty(t, said(301, Buffer.alloc(0), { Location: "https://elsewhere.example/" }));

  await assert.rejects(client(server).balance(), (error) => {
    assert.ok(error instanceof UnexpectedAnswer);
    assert.match(error.message, /https:\/\/elsewhere\.example\/.*baseUrl/);
    return true;
  });
  assert.equal(server.heard.length, 1);
});

for (const body of ["<html>hello</html>", "[]", '{"id": 5}', "", "null"]) {
  test(`an answer that is not Pixelsite's is told as such: ${JSON.stringify(body)}`, async (t) => {
    const server = await faulty(t, said(200, Buffer.from(body)));

    await assert.rejects(client(server).get("some-id"), (error) => {
      assert.ok(error instanceof UnexpectedAnswer);
      assert.match(error.message, /baseUrl/);
      return true;
    });
  });
}

test("canceling what has ended deletes nothing and returns it", async (t) => {
  const server = await faulty(t, refused(409, "not_cancelable"), completed());

  const job = await client(server).cancel(ACCEPTED.id);

  assert.equal(job.status, "completed");
  assert.deepEqual(
    server.heard.map((one) => `${one.method} ${one.path.replace(/.*\//, "")}`),
    [`DELETE ${ACCEPTED.id}?only=queued`, `GET ${ACCEPTED.id}`],
  );
});

test("a cancel whose answer was lost is not told as a failure", async (t) => {
  const server = await faulty(t, RESET, refused(409, "not_cancelable"), accepted({ status: "canceled" }));

  assert.equal((await client(server).cancel(ACCEPTED.id)).status, "canceled");
});

test("canceling what is worked on is refused", async (t) => {
  const server = await faulty(t, refused(409, "not_cancelable"), accepted({ status: "processing" }));

  await assert.rejects(client(server).cancel(ACCEPTED.id), Conflict);
});

test("images of a job that goes on are not deleted", async (t) => {
  const server = await faulty(t, accepted());

  await assert.rejects(client(server).delete(ACCEPTED.id), Conflict);

  assert.deepEqual(
    server.heard.map((one) => one.method),
    ["GET"],
  );
});
