/** The command line: what is read from it, what is refused before anything is sent, and what it ends with. */
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { UsageError, parse } = require("../src/cli/arguments.js");
const { planned } = require("../src/cli/plans.js");
const { pixelsite } = require("./support/command.js");
const { CUT, KEY, SILENCE, completed, faulty, nowhere, refused, said } = require("./support/faulty.js");
const { folder } = require("./support/folder.js");

/** A folder to stand in, with three pictures and things that are none. */
function pictures(t, more = {}) {
  const names = ["a.jpg", "b.PNG", "c.webp", "notes.txt", "a-clean.jpg", ".hidden.jpg", "deep/er/d.jpg"];
  return folder(t, { ...Object.fromEntries(names.map((name) => [name, name])), ...more });
}

/** What is planned for a line, by somebody who stands in that folder. */
function plan(t, line, more) {
  const before = process.cwd();
  process.chdir(pictures(t, more));
  try {
    return planned(parse(line));
  } finally {
    process.chdir(before);
  }
}

const sources = (found) => found.tasks.map((task) => task.source);

for (const written of ["", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1.5,2,3,4", "٣,2,3,4", "a,b,c,d", "1e3,2,3,4"]) {
  test(`no box: ${JSON.stringify(written)}`, () => {
    assert.throws(() => parse(["remove", "a.jpg", "--box", written]), UsageError);
  });
}

for (const written of ["", "1", "1,2,3,4", "1,2,2", "1;2", "1.5,2", "a,b"]) {
  test(`no point: ${JSON.stringify(written)}`, () => {
    assert.throws(() => parse(["remove", "a.jpg", "--points", written]), /x,y/);
  });
}

for (const written of ["5,5,5,9", "5,5,9,5", "1,2,3", "9,9,1,1"]) {
  test(`no corners: ${written}`, () => {
    assert.throws(() => parse(["remove", "a.jpg", "--find-in", written]), UsageError);
  });
}

test("boxes, points and corners are read", () => {
  const line = parse([
    "remove",
    "a.jpg",
    "--box",
    "1,2,3,4",
    "--box",
    " 5, 6,7,8",
    "--points",
    "1,2 3,4,0",
    "--find-in",
    "0,0,9,9",
  ]);

  assert.deepEqual(
    [line.box, line.points, line.findIn],
    [
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      [
        [
          [1, 2, 1],
          [3, 4, 0],
        ],
      ],
      [0, 0, 9, 9],
    ],
  );
});

const WRONG = {
  "no command": [],
  "a command that is none": ["erase", "a.jpg"],
  "a command of JavaScript's own": ["constructor"],
  "no picture": ["remove", "--prompt", "x"],
  "an option that is none": ["remove", "a.jpg", "--promt", "x"],
  "a format that is none": ["remove", "a.jpg", "--prompt", "x", "--format", "gif"],
  "an option of another command": ["segment", "a.jpg", "--prompt", "x", "--quality", "5"],
  "a number that is none": ["remove", "a.jpg", "--prompt", "x", "--retries", "many"],
  "no time at all": ["balance", "--timeout", "0"],
  "nobody at work": ["remove", "a.jpg", "--prompt", "x", "--concurrency", "0"],
  "pictures for the balance": ["balance", "a.jpg"],
};
for (const [name, line] of Object.entries(WRONG)) {
  test(`a line with ${name} ends with two and says why`, async (t) => {
    const { code, out, err } = await pixelsite(line, { cwd: pictures(t) });

    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^pixelsite: .+\n$/);
  });
}

test("a folder means the pictures in it but not earlier results", (t) => {
  const found = plan(t, ["remove", ".", "--box", "1,1,2,2"]);

  assert.deepEqual(sources(found), ["a.jpg", "b.PNG", "c.webp"]);
  assert.deepEqual(
    found.tasks.map((task) => task.target),
    ["a-clean.jpg", "b-clean.PNG", "c-clean.webp"],
  );
});

const PATTERNS = {
  "*.jpg": ["a-clean.jpg", "a.jpg"],
  "?.*": ["a.jpg", "b.PNG", "c.webp"],
  "[!a].*": ["b.PNG", "c.webp"],
  "[a-b].*": ["a.jpg", "b.PNG"],
  "**/*.jpg": ["a-clean.jpg", "a.jpg", "deep/er/d.jpg"],
  "deep/*/d.jpg": ["deep/er/d.jpg"],
  ".*.jpg": [".hidden.jpg"],
};
for (const [pattern, names] of Object.entries(PATTERNS)) {
  test(`the pattern ${pattern} means ${names.join(", ")}`, (t) => {
    assert.deepEqual(sources(plan(t, ["remove", pattern, "--prompt", "x", "--force"])), names);
  });
}

test("a pattern may begin at the root", (t) => {
  const home = pictures(t);

  assert.deepEqual(sources(planned(parse(["remove", `${home}/?.jpg`, "--prompt", "x"]))), [path.join(home, "a.jpg")]);
});

test("a pattern and a file mean a picture once", (t) => {
  assert.deepEqual(sources(plan(t, ["remove", "a.jpg", "?.*", "--prompt", "x"])), ["a.jpg", "b.PNG", "c.webp"]);
});

test("a file whose name is a pattern is that file", (t) => {
  assert.deepEqual(sources(plan(t, ["remove", "[a].jpg", "--prompt", "x"], { "[a].jpg": "x" })), ["[a].jpg"]);
});

test("a mask inside the folder is not a picture", (t) => {
  assert.ok(!sources(plan(t, ["remove", ".", "--mask", "b.PNG"])).includes("b.PNG"));
});

test("a folder of masks is matched by name", (t) => {
  const found = plan(t, ["remove", ".", "--mask", "masks", "--out-dir", "out"], {
    "masks/a.png": "",
    "masks/c-mask.png": "",
  });

  const [a, b, c] = found.tasks;
  assert.deepEqual([a.options.mask, c.options.mask], ["masks/a.png", "masks/c-mask.png"]);
  assert.equal(b.obstacle, "there is no mask b.png in masks");
});

test("arguments become options of the client", (t) => {
  const line = [
    "--box",
    "1,2,3,4",
    "--points",
    "1,2 3,4,0",
    "--points",
    "5,6",
    "--find-in",
    "0,0,9,9",
    "--prompt",
    "x",
    "--grow",
    "15%",
  ];
  line.push("--feather", "2", "--quality", "90", "--mode", "quality", "--metadata-policy", "strip", "--format", "png");

  const found = plan(t, ["remove", "a.jpg", ...line]);

  assert.deepEqual(found.options, {
    boxes: [[1, 2, 3, 4]],
    points: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    labels: [1, 0, 1],
    box: [0, 0, 9, 9],
    prompt: "x",
    grow: "15%",
    feather: 2,
    quality: 90,
    mode: "quality",
    metadataPolicy: "strip",
    outputFormat: "png",
  });
  assert.equal(found.tasks[0].target, "a-clean.png");
});

for (const [output, options] of [
  ["x.jpg", {}],
  ["x.jpeg", {}],
  ["x.png", { outputFormat: "png" }],
  ["x.webp", { outputFormat: "webp" }],
]) {
  test(`the name ${output} says the result's format`, (t) => {
    const [task] = plan(t, ["remove", "a.jpg", "--box", "1,1,2,2", "-o", output]).tasks;

    assert.deepEqual([task.target, task.options], [output, options]);
  });
}

const SENSELESS = [
  [["remove", "a.jpg"], /what to point at/],
  [["remove", "none.jpg", "--prompt", "x"], /no such file/],
  [["remove", "*.gif", "--prompt", "x"], /no such file/],
  [["remove", "a.jpg", "b.PNG", "--prompt", "x", "-o", "c.jpg"], /single picture/],
  [["remove", "a.jpg", "--prompt", "x", "-o", "c.jpg", "--out-dir", "d"], /one of them/],
  [["remove", "a.jpg", "--prompt", "x", "-o", "c.gif"], /\.jpg, \.png or \.webp/],
  [["remove", "a.jpg", "--prompt", "x", "-o", "c.jpg", "--format", "png"], /--format says png/],
  [["segment", "a.jpg", "--prompt", "x", "-o", "c.jpg"], /a mask is a PNG/],
  [["remove", "https://example.com/photo", "--prompt", "x"], /--format/],
  [["remove", "a.jpg", "./a.jpg", "--prompt", "x", "--out-dir", "d"], /both become/],
];
for (const [line, why] of SENSELESS) {
  test(`a line that cannot be meant is refused: ${line.join(" ")}`, (t) => {
    assert.throws(
      () => plan(t, line),
      (error) => error instanceof UsageError && why.test(error.message),
    );
  });
}

test("an address lies where one stands, under its own name", (t) => {
  const [task] = plan(t, ["remove", "https://example.com/x/a%20b.jpg?size=1", "--prompt", "x"]).tasks;

  assert.equal(task.target, "a b-clean.jpg");
});

test("help tells the options and the exit codes, on stdout", async (t) => {
  const { code, out, err } = await pixelsite(["remove", "--help"], { cwd: folder(t) });

  assert.deepEqual([code, err], [0, ""]);
  for (const number of [0, 1, 2, 3, 4, 5, 130]) assert.match(out, new RegExp(`\n  ${number} `));
  assert.match(out, /-o, --output FILE .*\n.*--out-dir DIR/);
  assert.match((await pixelsite(["--help"], { cwd: folder(t) })).out, /remove +remove an object/);
  assert.match((await pixelsite(["--version"], { cwd: folder(t) })).out, /^pixelsite \d+\.\d+\.\d+\n$/);
});

async function atFaulty(t, line, ...script) {
  const server = await faulty(t, ...script);
  const cwd = pictures(t);
  const env = { PIXELSITE_API_KEY: KEY, PIXELSITE_BASE_URL: server.url };
  return { server, cwd, ...(await pixelsite(line, { cwd, env })) };
}

test("an existing file is never overwritten, and nothing is sent", async (t) => {
  const { code, err, cwd, server } = await atFaulty(t, ["remove", "a.jpg", "--box", "1,1,2,2", "-o", "b.PNG"]);

  assert.deepEqual([code, server.heard.length, fs.readFileSync(path.join(cwd, "b.PNG"), "utf8")], [1, 0, "b.PNG"]);
  assert.match(err, /--force/);
});

const ENDS = [
  [refused(401, "api_key_invalid"), 3],
  [refused(403, "scope_missing"), 3],
  [refused(402, "insufficient_credits"), 4],
  [refused(422, "mask_empty"), 1],
];
for (const [answer, expected] of ENDS) {
  test(`${answer.body.code} ends with ${expected}`, async (t) => {
    const { code, err } = await atFaulty(t, ["remove", "a.jpg", "--box", "1,1,2,2", "-o", "new.jpg"], answer);

    assert.equal(code, expected);
    assert.match(err, /^pixelsite: a\.jpg: Not so\..*\n$/);
  });
}

test("failures of several kinds end with one", async (t) => {
  const line = ["remove", "b.PNG", "c.webp", "--box", "1,1,2,2", "-q", "--concurrency", "1"];

  const { code } = await atFaulty(t, line, refused(422, "mask_empty"), refused(402, "insufficient_credits"));

  assert.equal(code, 1);
});

test("without a key it ends with three", async (t) => {
  const { code, err } = await pixelsite(["balance", "--base-url", "https://pixelsite.example"], { cwd: folder(t) });

  assert.equal(code, 3);
  assert.match(err, /PIXELSITE_API_KEY/);
});

test("a site that is not there ends with five, and its key stays in its file", async (t) => {
  const cwd = folder(t, { key: `${KEY}\n` });

  const { code, err } = await pixelsite(
    ["balance", "--key-file", "key", "--base-url", await nowhere(), "--retries", "0"],
    { cwd },
  );

  assert.equal(code, 5);
  assert.match(err, /ECONNREFUSED/);
  assert.ok(!err.includes(KEY));
});

test("JSON tells of trouble too", async (t) => {
  const { out } = await atFaulty(
    t,
    ["remove", "b.PNG", "--box", "1,1,2,2", "--json"],
    refused(422, "mask_empty", { detail: "The mask is empty." }),
  );

  const told = JSON.parse(out);
  assert.deepEqual(
    [told.source, told.output, told.error.code, told.error.request_id],
    ["b.PNG", null, "mask_empty", "r".repeat(32)],
  );
});

test("a picture that was paid for can be had though it could not be saved", async (t) => {
  const server = await faulty(t);
  server.script.push(completed(`${server.url}/picture`), refused(403, "signature_invalid"));
  const env = { PIXELSITE_API_KEY: KEY, PIXELSITE_BASE_URL: server.url };

  const { code, out } = await pixelsite(["remove", "b.PNG", "--box", "1,1,2,2", "--json"], { cwd: pictures(t), env });

  assert.deepEqual([code, JSON.parse(out).output_url], [3, `${server.url}/picture`]);
});

test("several pictures are counted on stderr, unless it shall be quiet", async (t) => {
  for (const [more, expected] of [
    [[], "2/2 pictures, 1 failed\n"],
    [["-q"], ""],
  ]) {
    const server = await faulty(t);
    server.script.push(completed(`${server.url}/picture`), said(200, Buffer.from("PNG")), refused(422, "mask_empty"));
    const env = { PIXELSITE_API_KEY: KEY, PIXELSITE_BASE_URL: server.url };

    const line = ["remove", "b.PNG", "c.webp", "--prompt", "x", "--concurrency", "1", ...more];
    const { out, err } = await pixelsite(line, { cwd: pictures(t), env });

    assert.equal(out, "b-clean.PNG\n");
    assert.equal(err, `${expected}pixelsite: c.webp: Not so. (request ${"r".repeat(32)})\n`);
  }
});

test("a cut download leaves no file", async (t) => {
  const server = await faulty(t);
  server.script.push(completed(`${server.url}/picture`), CUT);
  const cwd = pictures(t);
  const env = { PIXELSITE_API_KEY: KEY, PIXELSITE_BASE_URL: server.url };

  const { code } = await pixelsite(["remove", "b.PNG", "--prompt", "x", "--retries", "0"], { cwd, env });

  assert.equal(code, 5);
  assert.ok(!fs.readdirSync(cwd).some((name) => name.includes("b-clean")));
});

test("Ctrl-C ends with 130 and says what becomes of the jobs", async (t) => {
  let child;
  const interrupt = () => {
    child.kill("SIGINT");
    return SILENCE;
  };
  const server = await faulty(t, interrupt);
  const env = { PIXELSITE_API_KEY: KEY, PIXELSITE_BASE_URL: server.url };

  const { code, err } = await pixelsite(["remove", "a.jpg", "--prompt", "x", "-o", "new.jpg"], {
    cwd: pictures(t),
    env,
    started: (one) => (child = one),
  });

  assert.equal(code, 130);
  assert.match(err, /go on and are in your usage/);
});
