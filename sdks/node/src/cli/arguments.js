/** The command line, and the values in it. */
"use strict";

const { parseArgs } = require("node:util");
const { EPILOG } = require("./exit-codes.js");

/** The command line cannot be meant. */
class UsageError extends Error {}

const COMMANDS = {
  remove: "remove an object from pictures",
  segment: "find an object, free of charge: writes the mask",
  balance: "tell the credits that are left",
};

/**
 * How an option is read, and what the help says of it.
 * @typedef {object} Option
 * @property {"string" | "boolean"} type
 * @property {string} [short]
 * @property {boolean} [multiple]
 * @property {(written: string) => any} [is]
 * @property {any} [default]
 * @property {string} [value]
 * @property {string} says
 */

/** @type {Record<string, Option>} */
const COMMON = {
  "base-url": { type: "string", value: "URL", says: "address of the site; else PIXELSITE_BASE_URL" },
  "key-file": {
    type: "string",
    value: "FILE",
    says: "file that holds the API key and nothing else; else PIXELSITE_API_KEY",
  },
  timeout: { type: "string", is: seconds, default: 60, value: "S", says: "seconds that the site may be silent (60)" },
  retries: { type: "string", is: whole, default: 4, value: "N", says: "times a request is sent again (4)" },
  json: { type: "boolean", says: "one JSON object for each picture, a line each, on stdout" },
  quiet: { type: "boolean", short: "q", says: "no progress on stderr" },
  help: { type: "boolean", short: "h", says: "show this" },
};
/** @type {Record<string, Option>} */
const TARGET = {
  mask: {
    type: "string",
    value: "PATH",
    says: "mask of the picture's size, white goes; or a folder of masks named as the pictures",
  },
  box: { type: "string", multiple: true, is: box, value: "x,y,w,h", says: "a box that goes; repeatable" },
  points: {
    type: "string",
    multiple: true,
    is: points,
    value: "'x,y x,y,0'",
    says: "clicks on the object; ,0: not on it",
  },
  "find-in": { type: "string", is: corners, value: "x1,y1,x2,y2", says: "find the object inside this box" },
  prompt: { type: "string", value: "TEXT", says: "a sentence: what goes, and where" },
  grow: { type: "string", value: "G", says: "enlarge the mask: 12, 15% or auto" },
};
/** @type {Record<string, Option>} */
const FILES = {
  output: { type: "string", short: "o", value: "FILE", says: "for a single picture" },
  "out-dir": { type: "string", value: "DIR", says: "made where it is missing" },
  force: { type: "boolean", says: "overwrite files that exist" },
  concurrency: { type: "string", is: atLeastOne, default: 4, value: "N", says: "pictures at a time (4)" },
};
/** @type {Record<string, Option>} */
const RESULT = {
  format: {
    type: "string",
    is: oneOf("jpeg", "png", "webp"),
    value: "F",
    says: "jpeg, png or webp; default: the picture's own",
  },
  quality: { type: "string", is: whole, value: "1-100", says: "for jpeg and webp" },
  feather: { type: "string", is: whole, value: "PX", says: "soft border inside the grown ring" },
  mode: {
    type: "string",
    is: oneOf("fast", "quality"),
    value: "M",
    says: "fast or quality, which works longer on very large holes",
  },
  "metadata-policy": {
    type: "string",
    is: oneOf("keep", "strip", "strip_gps"),
    value: "P",
    says: "keep, strip or strip_gps: EXIF and other metadata (keep)",
  },
  "dry-run": { type: "boolean", says: "tell what it would cost; do nothing" },
};

/** @typedef {{ command: string, pictures: string[], help: boolean, [name: string]: any }} Line */

/**
 * The command line as values under camelCase names. Throws `UsageError`.
 * @param {string[]} argv
 * @returns {Line}
 */
function parse(argv) {
  const [command, ...rest] = argv;
  if (command === undefined || command === "--help" || command === "-h") {
    return { command: "", pictures: [], help: command !== undefined };
  }
  if (command === "--version") return { command: "version", pictures: [], help: false };
  if (!Object.hasOwn(COMMANDS, command)) {
    throw new UsageError(`${JSON.stringify(command)} is no command: ${Object.keys(COMMANDS).join(", ")}`);
  }
  const options = optionsOf(command);
  const { values, positionals } = parsed(rest, options);
  if (command === "balance" && positionals.length) throw new UsageError("balance takes no pictures");
  if (command !== "balance" && !positionals.length && !values.help) throw new UsageError("which pictures? Name them");
  return { ...read(values, options), command, pictures: positionals, help: values.help === true };
}

/** @param {string} command */
function optionsOf(command) {
  if (command === "balance") return COMMON;
  return { ...COMMON, ...TARGET, ...FILES, ...(command === "remove" ? RESULT : {}) };
}

/**
 * @param {string[]} args
 * @param {Record<string, Option>} options
 */
function parsed(args, options) {
  /** @type {Record<string, { type: "string" | "boolean", short?: string, multiple?: boolean }>} */
  const known = {};
  for (const [name, { type, short, multiple = false }] of Object.entries(options)) {
    known[name] = short === undefined ? { type, multiple } : { type, short, multiple };
  }
  try {
    return parseArgs({ args, options: known, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message);
  }
}

/**
 * @param {Record<string, unknown>} values
 * @param {Record<string, Option>} options
 */
function read(values, options) {
  /** @type {Record<string, unknown>} */
  const found = {};
  for (const [name, option] of Object.entries(options)) {
    const is = option.is ?? ((/** @type {string} */ written) => written);
    const value = values[name];
    try {
      if (Array.isArray(value)) found[camel(name)] = value.map(is);
      else if (typeof value === "string") found[camel(name)] = is(value);
      else found[camel(name)] = value ?? option.default;
    } catch (error) {
      throw error instanceof UsageError ? new UsageError(`--${name}: ${error.message}`) : error;
    }
  }
  return found;
}

/** @param {string} [command] */
function help(command) {
  if (!command) {
    const commands = Object.entries(COMMANDS)
      .map(([name, says]) => `  ${name.padEnd(9)} ${says}\n`)
      .join("");
    return (
      "usage: pixelsite COMMAND [options]\n\nRemove things from photos. The key is read from PIXELSITE_API_KEY, the " +
      `site's address from PIXELSITE_BASE_URL.\n\n${commands}\npixelsite COMMAND --help says more.\n\n${EPILOG}`
    );
  }
  const says = COMMANDS[/** @type {keyof typeof COMMANDS} */ (command)];
  const groups = [
    ...(command === "balance"
      ? []
      : [
          group("what to point at (alone or together)", TARGET),
          group("where results go (default: beside the picture)", FILES),
        ]),
    ...(command === "remove" ? [group("the result", RESULT)] : []),
    group("further", COMMON),
  ];
  const pictures =
    command === "balance"
      ? ""
      : "\nPICTURE: files, folders (the pictures in them), patterns such as '*.jpg', or addresses.\n";
  const usage = `usage: pixelsite ${command}${pictures && " PICTURE..."} [options]`;
  return `${usage}\n\n${says.charAt(0).toUpperCase()}${says.slice(1)}.\n${pictures}\n${groups.join("\n")}\n${EPILOG}`;
}

/**
 * @param {string} title
 * @param {Record<string, Option>} options
 */
function group(title, options) {
  const lines = Object.entries(options).map(([name, { short, value, says }]) => {
    const names = `${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`;
    return `  ${names.padEnd(28)} ${says}\n`;
  });
  return `${title}:\n${lines.join("")}`;
}

/** @param {string} written */
function box(written) {
  const [x, y, width, height] = numbers(written, 4, "x,y,w,h");
  if (!width || !height) throw new UsageError(`${written}: a box is at least 1 pixel wide and high`);
  return [x, y, width, height];
}

/** @param {string} written */
function corners(written) {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = numbers(written, 4, "x1,y1,x2,y2");
  if (x2 <= x1 || y2 <= y1) throw new UsageError(`${written}: x2 is more than x1, y2 more than y1`);
  return [x1, y1, x2, y2];
}

/** @param {string} written */
function points(written) {
  const parts = written.split(/\s+/).filter(Boolean);
  if (!parts.length) refuse(written, "x,y or x,y,0");
  return parts.map((part) => {
    const [x, y, label = 1] = numbers(part, part.split(",").length === 3 ? 3 : 2, "x,y or x,y,0");
    if (label > 1) refuse(part, "x,y or x,y,0");
    return [x, y, label];
  });
}

/**
 * @param {string} written
 * @param {number} count
 * @param {string} shape
 */
function numbers(written, count, shape) {
  const parts = written.split(",").map((part) => part.trim());
  if (parts.length !== count || !parts.every((part) => /^[0-9]{1,6}$/.test(part))) refuse(written, shape);
  return parts.map(Number);
}

/**
 * @param {string} written
 * @param {string} shape
 */
function refuse(written, shape) {
  throw new UsageError(`${JSON.stringify(written)} is not ${shape} in whole pixels`);
}

/** @param {string} written */
function whole(written) {
  if (!/^[0-9]{1,6}$/.test(written)) throw new UsageError(`${JSON.stringify(written)} is not a whole number`);
  return Number(written);
}

/** @param {string} written */
function atLeastOne(written) {
  if (whole(written) < 1) throw new UsageError("at least 1");
  return Number(written);
}

/** @param {string} written */
function seconds(written) {
  const number = Number(written);
  if (!written.trim() || !(number > 0 && number < 86_400)) {
    throw new UsageError(`${JSON.stringify(written)} is not a number of seconds`);
  }
  return number;
}

/** @param {string[]} choices */
function oneOf(...choices) {
  return (/** @type {string} */ written) => {
    if (!choices.includes(written)) throw new UsageError(`${JSON.stringify(written)} is none of ${choices.join(", ")}`);
    return written;
  };
}

/** @param {string} name */
function camel(name) {
  return name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
}

module.exports = { UsageError, help, parse };
