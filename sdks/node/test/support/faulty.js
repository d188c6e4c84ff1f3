/** A real HTTP server that fails in the ways a test tells it to, one after the other. */
"use strict";

const http = require("node:http");

/** Read the whole request, then break the connection without a word. */
const RESET = "reset";
/** Begin an answer, and break the connection in the middle of it. */
const CUT = "cut";
/** Read the request, and never answer. */
const SILENCE = "silence";

const KEY = `pk_live_${"k".repeat(38)}`;
const ACCEPTED = {
  id: "7d3f0a3e-0000-4000-8000-000000000001",
  generation_id: "7d3f0a3e-0000-4000-8000-000000000001",
  status: "queued",
  operation: "remove-object",
  credits_used: 5.0,
};
const REQUEST_ID = "r".repeat(32);

/**
 * `script` is played from its first line on; a request beyond its end is answered 418, which nobody expects. A line may
 * be a function of the request. Closed when the test ends.
 */
async function faulty(t, ...script) {
  const heard = [];
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const one = { method: request.method, path: request.url, headers: request.headers, body: Buffer.concat(chunks) };
    heard.push(one);
    const line = script.shift() ?? said(418, {});
    play(typeof line === "function" ? line(one) : line, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, script, heard, keys: () => heard.map((one) => one.headers["idempotency-key"]) };
}

function play(line, response) {
  if (line === SILENCE) return;
  if (line === RESET) {
    response.socket.resetAndDestroy();
  } else if (line === CUT) {
    response.writeHead(200, { "Content-Length": "1000" });
    response.write("half of it");
    setTimeout(() => response.socket.resetAndDestroy(), 20);
  } else {
    const content = Buffer.isBuffer(line.body) ? line.body : Buffer.from(JSON.stringify(line.body));
    const headers = { "X-Request-Id": REQUEST_ID, "Content-Length": content.length, ...line.headers };
    response.writeHead(line.status, headers);
    response.end(content);
  }
}

function said(status, body, headers = {}) {
  return { status, body, headers };
}

function accepted(more = {}) {
  return said(202, { ...ACCEPTED, ...more });
}

function completed(url = null, more = {}) {
  return said(200, { ...ACCEPTED, status: "completed", output_url: url, ...more });
}

function refused(status, code, { detail = "Not so.", headers = {}, ...more } = {}) {
  return said(status, { detail, code, param: null, request_id: REQUEST_ID, ...more }, headers);
}

/** An address where nobody listens. */
async function nowhere() {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

module.exports = {
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
};
