import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Clock, FakeClock, silentLog } from "@barnacle/protocol/runtime";
import { Store } from "./store.ts";

/** What a `tap` test offers for cleaning up. */
interface Teardown {
  teardown(fn: () => unknown): void;
}

/** A directory that vanishes with the test. */
export function temporaryDirectory(t: Teardown): string {
  const directory = mkdtempSync(path.join(tmpdir(), "barnacle-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A started store in a directory of its own, for tests of what stands on it. */
export async function temporaryStore(t: Teardown, clock: Clock = new FakeClock()): Promise<Store> {
  const stateDir = mkdtempSync(path.join(tmpdir(), "barnacle-"));
  const store = new Store({ stateDir, clock, log: silentLog });
  await store.start();
  t.teardown(async () => {
    await store.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });
  return store;
}
