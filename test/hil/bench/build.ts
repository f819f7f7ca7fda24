// Makes what guests are started from: `node test/hil/bench/build.ts`. Quick when all is there.
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { install, missing, privilege, readList, run } from "../../../.setup/debian.mjs";
import { type Artefact, BENCH, directory, HIL, kernel, root } from "./artefacts.ts";

/** Kept besides those in use: another branch's kernel costs minutes. */
const KEPT = 3;

export type Say = (line: string) => void;

/** Builds what the cache lacks; rejects with the reason when that is impossible here. */
export async function build(say: Say): Promise<void> {
  // The kernel's name depends on the version of its source, which may have to be installed first.
  for (const artefact of [kernel, root]) {
    if (existsSync(artefact().file)) continue;
    await packages(artefact().needs, say);
    await make(artefact(), say);
  }
  sweep();
}

async function packages(needs: string, say: Say): Promise<void> {
  const absent = missing(readList(path.join(HIL, "debian-packages.txt")).filter(({ when }) => when === needs));
  if (absent.length === 0) return;
  const names = absent.map(({ name }) => name).join(" ");
  const prefix = privilege();
  const off = `off: ${absent[0]?.feature}. To switch it on: apt-get install ${names}`;
  if (!prefix) throw new BarnacleError("COMMAND_FAILED", `neither root nor password-less sudo with apt; ${off}`);
  say(`apt-get install ${names}`);
  if (!(await install(prefix, absent, say))) throw new BarnacleError("COMMAND_FAILED", `apt-get failed; ${off}`);
}

async function make(artefact: Artefact, say: Say): Promise<void> {
  const prefix = artefact.asRoot ? privilege() : [];
  if (!prefix) {
    throw new BarnacleError("COMMAND_FAILED", `${artefact.what} needs root or password-less sudo to be built`);
  }
  say(`building ${artefact.what}`);
  const command = [...prefix, "nice", "-n", "10", path.join(BENCH, "once.sh"), artefact.file, ...artefact.command];
  const tail: string[] = [];
  const code = await run(command[0] as string, command.slice(1), process.env, (line) => {
    tail.push(line);
    if (tail.length > 20) tail.shift();
    say(line);
  });
  if (code !== 0) {
    throw new BarnacleError("COMMAND_FAILED", `${artefact.what} was not built: exit ${code}\n${tail.join("\n")}`);
  }
}

/** Older kernels and systems than the newest few; a guest that runs on one keeps its file open. */
function sweep(): void {
  const cache = directory();
  for (const prefix of ["linux-uml-", "root-"]) {
    const files = readdirSync(cache)
      .filter((name) => name.startsWith(prefix) && !name.includes(".building.") && !name.endsWith(".lock"))
      .map((name) => path.join(cache, name))
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    for (const file of files.slice(KEPT)) for (const name of [file, `${file}.lock`]) rmSync(name, { force: true });
  }
}

if (import.meta.main) {
  try {
    await build((line) => process.stdout.write(`${line}\n`));
    process.stdout.write(`${kernel().file}\n${root().file}\n`);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
