import { homedir } from "node:os";
import path from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the programs under test are kept between runs: 2 GB, outside the checkout. */
export function cacheDirectory(env: Environment = process.env): string {
  if (env.BARNACLE_TEST_CACHE) return path.resolve(env.BARNACLE_TEST_CACHE);
  const base = env.XDG_CACHE_HOME || path.join(env.HOME || homedir(), ".cache");
  return path.join(base, "barnacle");
}

/**
 * False when the suite is to run, else why it is skipped. The programs are a download of about half a gigabyte and
 * minutes of run time, so it runs where it was asked for: by hand, and in continuous integration.
 */
export function notWanted(env: Environment = process.env): string | false {
  if (env.BARNACLE_COMPAT === "0") return "BARNACLE_COMPAT is 0";
  if (env.BARNACLE_COMPAT || (env.CI && env.CI !== "false")) return false;
  return "the real programs take a download of 0.5 GB; BARNACLE_COMPAT=1 (or CI) runs them";
}
