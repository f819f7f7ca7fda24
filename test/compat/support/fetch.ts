// Fills the cache with the programs under test: `node test/compat/support/fetch.ts`. Quick when they are all there.
import { messageOf } from "@barnacle/protocol/errors";
import { cacheDirectory } from "./cache.ts";
import { install } from "./install.ts";
import { installed, PACKAGES } from "./programs.ts";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

try {
  const absent = PACKAGES.filter((item) => !installed(item));
  for (const [index, item] of absent.entries()) {
    await install(item, { say: (line) => say(`${index + 1}/${absent.length} ${line}`) });
  }
  say(`${PACKAGES.length} packages are in ${cacheDirectory()}`);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
