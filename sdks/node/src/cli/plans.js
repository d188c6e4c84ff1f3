/** Which pictures are meant, and where each result goes: decided before anything is sent or paid. */
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { isAddress } = require("../pictures.js");
const { UsageError } = require("./arguments.js");
const { filesOf, isFile, isFolder } = require("./patterns.js");

/** @typedef {import("./arguments.js").Line} Line */
/**
 * One picture, where its result goes, its own options, and why it cannot be sent.
 * @typedef {{ source: string, target: string, options: Record<string, any>, obstacle: string }} Task
 */
/** @typedef {{ tasks: Task[], options: Record<string, any> }} Plan */

/** @type {Record<string, string>} */
const FAMILIES = {
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".jpe": "jpeg",
  ".jfif": "jpeg",
  ".png": "png",
  ".webp": "webp",
  ".bmp": "bmp",
  ".tif": "tiff",
  ".tiff": "tiff",
  ".avif": "avif",
};
/** @type {Record<string, string>} */
const SUFFIXES = { jpeg: ".jpg", png: ".png", webp: ".webp" };
/** @type {Record<string, string>} */
const MARKS = { remove: "-clean", segment: "-mask" };
const MASKS = [".png", ".webp", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg"];

/**
 * Read the command line as a plan. Throws `UsageError`.
 * @param {Line} line
 * @returns {Plan}
 */
function planned(line) {
  if (![line.mask, line.box, line.points, line.findIn, line.prompt].some(Boolean)) {
    throw new UsageError("say what to point at: --mask, --box, --points, --find-in or --prompt");
  }
  if (line.output && line.outDir)
    throw new UsageError("-o names a file, --out-dir a folder for many: give one of them");
  const sources = [...new Set(line.pictures.flatMap((one) => expanded(one, line.mask)))];
  if (line.output && sources.length !== 1) {
    throw new UsageError(`-o is for a single picture, and these are ${sources.length}: use --out-dir`);
  }
  const tasks = sources.map((source) => taskOf(source, line));
  refuseOneTargetForTwo(tasks);
  return { tasks, options: optionsOf(line) };
}

/**
 * @param {string} written
 * @param {string | undefined} mask
 * @returns {string[]}
 */
function expanded(written, mask) {
  if (isAddress(written) || isFile(written)) return [written];
  const found = isFolder(written)
    ? fs
        .readdirSync(written)
        .sort()
        .map((name) => path.join(written, name))
        .filter((file) => isMeant(file, mask))
    : filesOf(written);
  if (!found.length) throw new UsageError(`${written}: there is no such file, and no picture in it`);
  return found;
}

/**
 * Whether a file of a folder is meant: results of an earlier run lie there too.
 * @param {string} file
 * @param {string | undefined} mask
 */
function isMeant(file, mask) {
  const { name, ext, base } = path.parse(file);
  const isOurs = Object.values(MARKS).some((mark) => name.endsWith(mark));
  return ext.toLowerCase() in FAMILIES && !base.startsWith(".") && !isOurs && isFile(file) && !isSame(file, mask);
}

/**
 * @param {string} file
 * @param {string | undefined} mask
 */
function isSame(file, mask) {
  if (mask === undefined || isAddress(mask) || !fs.existsSync(mask)) return false;
  return fs.realpathSync(file) === fs.realpathSync(mask);
}

/**
 * @param {string} source
 * @param {Line} line
 * @returns {Task}
 */
function taskOf(source, line) {
  const { target, options } = targetOf(source, line);
  const { mask, obstacle } = maskOf(source, line.mask);
  const own = mask === undefined ? options : { ...options, mask };
  const isInTheWay = !obstacle && !line.dryRun && !line.force && fs.lstatSync(target, { throwIfNoEntry: false });
  return { source, target, options: own, obstacle: isInTheWay ? `${target} exists; --force overwrites it` : obstacle };
}

/**
 * Where the result goes, and the format that takes. Throws `UsageError`.
 * @param {string} source
 * @param {Line} line
 * @returns {{ target: string, options: Record<string, any> }}
 */
function targetOf(source, line) {
  const name = isAddress(source) ? nameIn(source) : path.basename(source);
  const wanted = line.command === "segment" ? "png" : line.format;
  const { name: stem, ext } = path.parse(name);
  const family = FAMILIES[ext.toLowerCase()];
  if (line.output) return { target: line.output, options: formatOf(line, { family, wanted }) };
  if (!wanted && !family) throw new UsageError(`${source}: which format should the result have? Give --format, or -o`);
  const suffix = family && (!wanted || wanted === family) ? ext : SUFFIXES[wanted];
  const folder = line.outDir ?? (isAddress(source) ? "" : path.dirname(source));
  return { target: path.join(folder, `${stem || "picture"}${MARKS[line.command]}${suffix}`), options: {} };
}

/** @param {string} address */
function nameIn(address) {
  const name = path.posix.basename(new URL(address).pathname);
  try {
    return path.posix.basename(decodeURIComponent(name));
  } catch {
    return name;
  }
}

/**
 * @param {Line} line
 * @param {{ family: string | undefined, wanted: string | undefined }} formats
 * @returns {Record<string, any>}
 */
function formatOf(line, { family, wanted }) {
  const output = line.output;
  const named = FAMILIES[path.extname(output).toLowerCase()];
  if (wanted) {
    if (named === wanted) return {};
    const what = line.command === "segment" ? "a mask is a PNG" : `--format says ${wanted}`;
    throw new UsageError(`${output}: ${what}; name the file so`);
  }
  if (named && named === family) return {};
  if (!named || !(named in SUFFIXES)) {
    throw new UsageError(`${output}: results are .jpg, .png or .webp, or have the picture's own format`);
  }
  return { outputFormat: named };
}

/**
 * The mask of this picture, or why there is none.
 * @param {string} source
 * @param {string | undefined} mask
 * @returns {{ mask?: string, obstacle: string }}
 */
function maskOf(source, mask) {
  if (mask === undefined) return { obstacle: "" };
  if (isAddress(mask) || !isFolder(mask)) return { mask, obstacle: "" };
  const { name } = path.parse(source);
  const names = [name, `${name}-mask`].flatMap((one) => MASKS.map((suffix) => path.join(mask, one + suffix)));
  const found = names.find(isFile);
  return found ? { mask: found, obstacle: "" } : { obstacle: `there is no mask ${name}.png in ${mask}` };
}

/**
 * @param {Line} line
 * @returns {Record<string, any>}
 */
function optionsOf(line) {
  /** @type {number[][]} */
  const clicks = (line.points ?? []).flat();
  const options = {
    boxes: line.box,
    points: clicks.length ? clicks.map(([x, y]) => [x, y]) : undefined,
    labels: clicks.length ? clicks.map(([, , label]) => label) : undefined,
    box: line.findIn,
    prompt: line.prompt,
    grow: line.grow,
    quality: line.quality,
    feather: line.feather,
    mode: line.mode,
    metadataPolicy: line.metadataPolicy,
    outputFormat: line.format,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** @param {Task[]} tasks */
function refuseOneTargetForTwo(tasks) {
  /** @type {Map<string, string>} */
  const first = new Map();
  for (const { source, target } of tasks) {
    const file = path.resolve(target);
    const other = first.get(file);
    if (other !== undefined) throw new UsageError(`${other} and ${source} would both become ${target}`);
    first.set(file, source);
  }
}

module.exports = { planned };
