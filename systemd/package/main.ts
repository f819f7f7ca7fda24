/** `npm run deb`: builds the Debian packages. */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { buildDaemon, buildPhrases } from "./build.ts";
import { cacheFolder } from "./cache.ts";
import { ARCHITECTURES, PRODUCTS } from "./product.ts";

const HELP = `npm run deb -- [options]: builds barnacle-hub, barnacle-node and barnacle-wake-phrases

  --arch ARCH      amd64 or arm64; may be repeated; default: both
  --only PACKAGE   hub, node or phrases; may be repeated; default: all
  --out DIR        where the packages go; default: dist
  --version TEXT   Debian version; default: the project's
  --json           one JSON object a package
  --help

SOURCE_DATE_EPOCH sets the time of all files; default: that of the last commit. The same input gives the same bytes.
`;

const root = path.resolve(import.meta.dirname, "../..");

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      arch: { type: "string", multiple: true },
      only: { type: "string", multiple: true },
      out: { type: "string" },
      version: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const archs = oneOf("--arch", values.arch, ARCHITECTURES);
  const only = oneOf("--only", values.only, ["phrases", "hub", "node"] as const);
  const options = {
    root,
    seconds: sourceDate(),
    cache: cacheFolder(),
    out: path.resolve(values.out ?? path.join(root, "dist")),
    ...(values.version === undefined ? {} : { version: values.version }),
  };
  const report = async (build: Promise<string>): Promise<void> => {
    const started = performance.now();
    const file = await build;
    const megabytes = statSync(file).size / 1e6;
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ file, bytes: statSync(file).size, seconds: Math.round(seconds) })}\n`
        : `${path.relative(process.cwd(), file)}  ${megabytes.toFixed(1)} MB  ${seconds.toFixed(0)} s\n`,
    );
  };
  if (only.includes("phrases")) await report(buildPhrases(options));
  for (const arch of archs) {
    for (const product of PRODUCTS) {
      const short = product.name === "barnacle-hub" ? "hub" : "node";
      if (only.includes(short)) await report(buildDaemon(product, arch, options));
    }
  }
}

/** @throws USAGE */
function oneOf<T extends string>(flag: string, given: string[] | undefined, known: readonly T[]): readonly T[] {
  const wrong = given?.find((each) => !known.includes(each as T));
  if (wrong !== undefined)
    throw new BarnacleError("USAGE", `${flag} ${wrong}: one of ${known.join(", ")} was expected`);
  return (given as T[] | undefined) ?? known;
}

function sourceDate(): number {
  const given = Number(process.env.SOURCE_DATE_EPOCH);
  if (given > 0) return given;
  try {
    return Number(execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" }));
  } catch {
    // No checkout of git: any fixed time will do.
    return 0;
  }
}

try {
  await main();
} catch (error) {
  const { code, message, hint } = toBarnacleError(error);
  process.stderr.write(`${message}\n  ${hint}\n`);
  process.exitCode = code === "USAGE" || !(error instanceof BarnacleError) ? 2 : 1;
}
