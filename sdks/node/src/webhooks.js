/** Whether a webhook comes from the site: Standard Webhooks' signature, checked before anything is believed. */
"use strict";

const { createHmac, timingSafeEqual } = require("node:crypto");
const { ConfigurationError, VerificationFailed, isObject } = require("./errors.js");
const { readJob } = require("./models.js");

/** @typedef {import("./types").WebhookEvent} WebhookEvent */

const TOLERANCE_MS = 300_000;

/**
 * Return the event. Throws `VerificationFailed`, or `ConfigurationError` for a secret that is none.
 * @param {string | Uint8Array} payload The body as it came: not parsed and written again.
 * @param {import("./types").IncomingHeaders} headers
 * @param {string | readonly string[]} secret The endpoint's, or several of them.
 * @param {import("./types").VerifyOptions} [options]
 * @returns {WebhookEvent}
 */
function verifyWebhook(payload, headers, secret, { toleranceMs = TOLERANCE_MS, now = Date.now() } = {}) {
  const keys = (typeof secret === "string" ? [secret] : [...secret]).map(keyOf);
  if (!keys.length) throw new ConfigurationError("There is no webhook secret to verify with: it begins with whsec_.");
  const body = bytesOf(payload);
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  refuseOld(timestamp, { toleranceMs, now });
  const signatures = header(headers, "webhook-signature")
    .split(/\s+/)
    .map((one) => Buffer.from(one));
  const expected = keys.map((key) => Buffer.from(signature(key, { id, timestamp, body })));
  const isOurs = expected.some((ours) =>
    signatures.some((theirs) => ours.length === theirs.length && timingSafeEqual(ours, theirs)),
  );
  if (!isOurs) throw new VerificationFailed("The signature is not one of this secret.");
  return eventOf(id, body);
}

/**
 * The headers that the site would send with this body: for testing what receives them.
 * @param {string | Uint8Array} payload
 * @param {{ secret: string, id: string, timestamp: number }} how `timestamp` in seconds since 1970.
 * @returns {Record<string, string>}
 */
function signWebhook(payload, { secret, id, timestamp }) {
  const facts = { id, timestamp: String(timestamp), body: bytesOf(payload) };
  return {
    "webhook-id": id,
    "webhook-timestamp": facts.timestamp,
    "webhook-signature": signature(keyOf(secret), facts),
  };
}

/**
 * @param {Uint8Array} key
 * @param {{ id: string, timestamp: string, body: Uint8Array }} facts
 */
function signature(key, { id, timestamp, body }) {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
}

/** @param {string} secret */
function keyOf(secret) {
  const written = String(secret)
    .trim()
    .replace(/^whsec_/, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(written) || !written) {
    throw new ConfigurationError("This is no webhook secret: it begins with whsec_ and is shown at /webhooks/.");
  }
  return Buffer.from(written, "base64");
}

/**
 * A body that was parsed and written again is another body, whose signature never fits: say so.
 * @param {unknown} payload
 * @returns {Uint8Array}
 */
function bytesOf(payload) {
  if (typeof payload === "string") return Buffer.from(payload);
  if (payload instanceof Uint8Array) return payload;
  throw new TypeError("The payload is the body as it came, as bytes or a string, before anything parses it.");
}

/**
 * @param {import("./types").IncomingHeaders} headers
 * @param {string} name
 * @returns {string}
 */
function header(headers, name) {
  /** @type {unknown} */
  let value;
  if (typeof headers.get === "function") value = headers.get(name);
  else value = Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  if (Array.isArray(value) && value.length === 1) [value] = value;
  if (typeof value !== "string" || !value) throw new VerificationFailed(`The header ${name} is missing.`);
  return value;
}

/**
 * @param {string} timestamp
 * @param {{ toleranceMs: number, now: number }} clock
 */
function refuseOld(timestamp, { toleranceMs, now }) {
  if (!/^[0-9]{1,12}$/.test(timestamp)) throw new VerificationFailed("The timestamp is not a number of seconds.");
  if (!(Math.abs(now - Number(timestamp) * 1000) <= toleranceMs)) {
    throw new VerificationFailed("The event is too old, or this machine's clock is wrong.");
  }
}

/**
 * @param {string} id
 * @param {Uint8Array} body
 * @returns {WebhookEvent}
 */
function eventOf(id, body) {
  try {
    const told = JSON.parse(Buffer.from(body).toString("utf8"));
    if (typeof told.type !== "string" || typeof told.timestamp !== "string" || !isObject(told.data))
      throw new TypeError();
    const job = told.type.startsWith("job.") ? readJob(told.data) : null;
    return Object.freeze({ id, type: told.type, timestamp: told.timestamp, data: told.data, job });
  } catch {
    throw new VerificationFailed("The signature is right, but the body is no event.");
  }
}

module.exports = { signWebhook, verifyWebhook };
