import { copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { cachedPackages } from "../../systemd/package/cache.ts";
import { ROOT } from "../support/process.ts";
import { benchMissing } from "./bench/artefacts.ts";
import { guestTest } from "./bench/job.ts";

t.setTimeout(1_200_000);

/** Seven minutes, and once the guest itself stood still in the middle of it. */
const short = process.env.BARNACLE_HIL_LONG ? undefined : "takes minutes; `npm run hil -- --long` runs it";
const skip = benchMissing() ?? short ?? false;
const VERSIONS = { old: "0.0.1", new: "0.0.2" };

/** The packages of this checkout in two versions: a folder each. */
async function packages(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "barnacle-debs-"));
  for (const [name, version] of Object.entries(VERSIONS)) {
    const built = await cachedPackages(ROOT, "amd64", { version });
    mkdirSync(path.join(folder, name));
    for (const [part, file] of Object.entries(built)) place(file, path.join(folder, name, `${part}.deb`));
  }
  return folder;
}

function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

const debs = skip ? "" : await packages();
t.teardown(() => rmSync(debs, { recursive: true, force: true }));

if (short) t.test("the packages under systemd", { skip: short }, () => {});
else
  guestTest(
    t,
    "the packages under systemd: installed, paired, hung, killed, upgraded, removed, purged",
    "packages.ts",
    {
      ...{ boot: "systemd", memoryMb: 1024, limitS: 900 },
      shares: { debs },
    },
  );
