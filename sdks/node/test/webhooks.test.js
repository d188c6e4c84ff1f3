/** What is believed of a webhook, and what is not. */
"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { ConfigurationError, VerificationFailed, signWebhook, verifyWebhook } = require("pixelsite-client");
const { ACCEPTED } = require("./support/faulty.js");

const SECRET = `whsec_${Buffer.from("secret secret secret!").toString("base64")}`;
const OTHER = `whsec_${Buffer.from("another secret").toString("base64")}`;
const NOW = 1_764_034_800_000;
const JOB = { ...ACCEPTED, status: "completed", output_url: "https://pixelsite.example/x" };
const BODY = JSON.stringify({ type: "job.completed", timestamp: "2026-11-25T01:40:00Z", data: JOB, ä: "ö" });

const signed = (body = BODY, secret = SECRET) => signWebhook(body, { secret, id: "evt_1", timestamp: NOW / 1000 });
const verified = (body, headers, secret = SECRET, more = {}) =>
  verifyWebhook(body, headers, secret, { now: NOW, ...more });

test("an event of ours is read", () => {
  const event = verified(Buffer.from(BODY), signed());

  assert.deepEqual([event.id, event.type, event.timestamp], ["evt_1", "job.completed", "2026-11-25T01:40:00Z"]);
  assert.deepEqual([event.job.id, event.job.outputUrl], [JOB.id, JOB.output_url]);
});

test("the signature is the one that Standard Webhooks publishes for its example", () => {
  const headers = signWebhook('{"test": 2432232314}', {
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: 1_614_265_330,
  });

  assert.equal(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

test("an event about no job has none", () => {
  const body = JSON.stringify({ type: "budget.reached", timestamp: "2026-11-25T01:40:00Z", data: { percent: 80 } });

  const event = verified(body, signed(body));

  assert.deepEqual([event.job, event.data.percent], [null, 80]);
});

test("headers may be a Headers, or be written in any case", () => {
  const headers = signed();
  const shouted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
  const listed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));

  for (const one of [new Headers(headers), shouted, listed]) assert.equal(verified(BODY, one).id, "evt_1");
});

test("one of several secrets and one of several signatures is enough", () => {
  const headers = signed();
  headers["webhook-signature"] = `v1,AAAA ${headers["webhook-signature"]} v2,x`;

  assert.equal(verified(BODY, headers, [OTHER, SECRET]).id, "evt_1");
});

const FORGED = {
  "another body": [`${BODY} `, signed()],
  "another secret": [BODY, signed(BODY, OTHER)],
  "another id": [BODY, { ...signed(), "webhook-id": "evt_2" }],
  "another time": [BODY, { ...signed(), "webhook-timestamp": String(NOW / 1000 + 1) }],
  "no signature": [BODY, { ...signed(), "webhook-signature": undefined }],
  "an empty signature": [BODY, { ...signed(), "webhook-signature": "" }],
  "a signature of another length": [BODY, { ...signed(), "webhook-signature": "v1,AAAA" }],
  "a time that is none": [BODY, { ...signed(), "webhook-timestamp": "1e9" }],
};
for (const [name, [body, headers]] of Object.entries(FORGED)) {
  test(`${name} is not believed`, () => {
    assert.throws(() => verified(body, headers), VerificationFailed);
  });
}

test("every bit of the body counts", () => {
  const headers = signed();
  const body = Buffer.from(BODY);
  for (let at = 0; at < body.length; at += 1) {
    const changed = Buffer.from(body);
    changed[at] ^= 1;
    assert.throws(() => verified(changed, headers), VerificationFailed);
  }
});

test("an old event, or one of the future, is not believed", () => {
  for (const now of [NOW + 300_001, NOW - 300_001]) {
    assert.throws(() => verified(BODY, signed(), SECRET, { now }), /too old/);
  }
  assert.equal(verified(BODY, signed(), SECRET, { now: NOW + 300_000 }).id, "evt_1");
  assert.throws(() => verified(BODY, signed(), SECRET, { now: NOW + 2000, toleranceMs: 1000 }), VerificationFailed);
});

test("a right signature over what is no event is not believed", () => {
  for (const body of ["no", "[]", '{"type": 5}', '{"type": "job.completed", "timestamp": "x", "data": {}}']) {
    assert.throws(() => verified(body, signed(body)), VerificationFailed, body);
  }
});

test("a secret that is none is a mistake of the program, and is not repeated", () => {
  for (const secret of ["", "whsec_", "whsec_???", []]) {
    assert.throws(
      () => verified(BODY, signed(), secret),
      (error) => {
        assert.ok(error instanceof ConfigurationError);
        assert.ok(!error.message.includes("???"));
        return true;
      },
    );
  }
});

test("a body that was parsed already is told as such", () => {
  assert.throws(() => verified(JSON.parse(BODY), signed()), /before anything parses it/);
});
