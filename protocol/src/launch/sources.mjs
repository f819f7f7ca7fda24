// Plain JavaScript, as `launch.mjs` is.
const { closeSync, constants, existsSync, fstatSync, openSync } = process.getBuiltinModule("node:fs");
const { readFileSync, renameSync, rmSync, statSync, writeFileSync } = process.getBuiltinModule("node:fs");
const { registerHooks, stripTypeScriptTypes } = process.getBuiltinModule("node:module");
const path = process.getBuiltinModule("node:path");
const { fileURLToPath } = process.getBuiltinModule("node:url");

/** Of the file's format. */
const VERSION = 1;
const KEPT = new Set(["module", "module-typescript"]);

/**
 * @typedef {object} Kept
 * @property {string} stamp of the source file when it was kept
 * @property {number} at where its text begins, in bytes
 * @property {number} length
 */

/**
 * What a command needed when it ran before, in one file beside the compile cache: where each of its imports leads and the
 * sources without their types. Finding and reading a hundred small modules one by one costs a short command two thirds of
 * its time. What changed on disk since is read anew; the file belongs to the user who runs the command, or it is not believed.
 * @param {URL} entry
 * @param {string | undefined} directory of the compile cache
 */
export function keepSources(entry, directory) {
  if (directory === undefined || measured()) return;
  const name = fileURLToPath(entry)
    .replace(/[^A-Za-z0-9]+/g, "-")
    .slice(-160);
  const sources = new Sources(path.join(directory, `sources-${name}`));
  registerHooks({
    resolve: (specifier, context, next) => sources.resolve(specifier, context, next),
    load: (url, context, next) => sources.load(url, context, next),
  });
  process.once("exit", () => sources.save());
}

class Sources {
  #file;
  /** @type {Record<string, readonly [url: string, format: string | undefined]>} */
  #resolved = {};
  /** @type {Record<string, Kept>} */
  #kept = {};
  /** @type {Record<string, string>} stamps of the manifests that say where a package's imports lead */
  #manifests = {};
  #text = Buffer.alloc(0);
  /** @type {Map<string, { stamp: string, text: string }>} read in this run */
  #fresh = new Map();
  #changed = false;

  /** @param {string} file */
  constructor(file) {
    this.#file = file;
    const known = readOwn(file);
    if (!known) return;
    try {
      const end = known.indexOf(10);
      const head = JSON.parse(known.toString("utf8", 0, end));
      if (head.version !== VERSION || head.node !== process.version) return;
      for (const [manifest, stamp] of Object.entries(head.manifests)) if (stampOf(manifest) !== stamp) return;
      if (known.length - end - 1 !== head.bytes) return;
      this.#resolved = head.resolved;
      this.#kept = head.kept;
      this.#manifests = head.manifests;
      this.#text = known.subarray(end + 1);
    } catch {
      // Damaged: made anew at the end of this run.
    }
  }

  resolve(specifier, context, next) {
    if (specifier.startsWith("node:") || context.parentURL === undefined) return next(specifier, context);
    const key = `${context.parentURL} ${specifier}`;
    const known = this.#resolved[key];
    if (known) return { url: known[0], format: known[1], shortCircuit: true };
    const found = next(specifier, context);
    // What CommonJS requires has no format at this point, and goes its own way.
    if (found.url.startsWith("file:") && typeof found.format === "string") {
      this.#resolved[key] = [found.url, found.format];
      this.#changed = true;
    }
    return found;
  }

  load(url, context, next) {
    const kept = this.#kept[url];
    if (kept && stampOf(fileURLToPath(url)) === kept.stamp) {
      const source = this.#text.toString("utf8", kept.at, kept.at + kept.length);
      return { format: "module", source, shortCircuit: true };
    }
    const stamp = url.startsWith("file:") ? stampOf(fileURLToPath(url)) : undefined;
    const loaded = next(url, context);
    if (stamp !== undefined && KEPT.has(loaded.format)) this.#keep(url, stamp, loaded);
    return loaded;
  }

  /** Nobody is troubled when it cannot be written. */
  save() {
    if (!this.#changed) return;
    /** @type {Record<string, Kept>} */
    const kept = {};
    const texts = [];
    let at = 0;
    const add = (url, stamp, text) => {
      kept[url] = { stamp, at, length: text.length };
      texts.push(text);
      at += text.length;
    };
    for (const [url, one] of Object.entries(this.#kept)) {
      if (!this.#fresh.has(url)) add(url, one.stamp, this.#text.subarray(one.at, one.at + one.length));
    }
    for (const [url, { stamp, text }] of this.#fresh) add(url, stamp, Buffer.from(text));
    const resolved = this.#resolved;
    const head = { version: VERSION, node: process.version, bytes: at, manifests: this.#manifests, resolved, kept };
    const temporary = `${this.#file}.${process.pid}`;
    try {
      const whole = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...texts]);
      writeFileSync(temporary, whole, { mode: 0o600, flush: true });
      renameSync(temporary, this.#file);
    } catch {
      rmSync(temporary, { force: true });
    }
  }

  #keep(url, stamp, { format, source }) {
    const text = typeof source === "string" ? source : Buffer.from(source).toString("utf8");
    this.#fresh.set(url, { stamp, text: lightBuiltins(format === "module" ? text : stripTypeScriptTypes(text)) });
    this.#changed = true;
    for (let dir = path.dirname(fileURLToPath(url)); ; dir = path.dirname(dir)) {
      const manifest = path.join(dir, "package.json");
      if (this.#manifests[manifest] !== undefined || dir === path.dirname(dir)) return;
      if (!existsSync(manifest)) continue;
      this.#manifests[manifest] = stampOf(manifest) ?? "";
      return;
    }
  }
}

/**
 * Imports of Node's own modules, each in its place and of as many lines, as what they are taken from: an `import` of
 * `node:fs` alone makes Node load all that its module has to offer, for 4 ms.
 * @param {string} source
 */
function lightBuiltins(source) {
  return source
    .replace(/^import (\{[^{}]*\}) from "(node:[\w/]+)";/gm, (_, names, name) => {
      return `const ${names.replaceAll(" as ", ": ")} = process.getBuiltinModule("${name}");`;
    })
    .replace(/^import (\w+) from "(node:[\w/]+)";/gm, 'const $1 = process.getBuiltinModule("$2");');
}

/** @param {string} file */
function stampOf(file) {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.mtimeMs} ${found.size} ${found.ino}`;
}

/** A file that only its reader can have written. @param {string} file */
function readOwn(file) {
  let handle;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { uid, mode } = fstatSync(handle);
    return uid === process.geteuid?.() && (mode & 0o022) === 0 ? readFileSync(handle) : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/**
 * Whether somebody counts which lines run, Node itself or the test runner: they are to be those of the files. The test of
 * this very file says that it wants them kept all the same.
 */
function measured() {
  const { BARNACLE_KEEP_SOURCES, NODE_V8_COVERAGE, _TAPJS_PROCESSINFO_COVERAGE_ } = process.env;
  if (BARNACLE_KEEP_SOURCES !== undefined) return false;
  return NODE_V8_COVERAGE !== undefined || _TAPJS_PROCESSINFO_COVERAGE_ !== undefined;
}
