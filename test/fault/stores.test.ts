import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemCode } from "@barnacle/protocol/errors";
import t from "tap";
import { House, LIGHT } from "../support/house.ts";

t.setTimeout(180_000);

const CHUNK = Buffer.alloc(4096, 1);

/** A small file system of its own at `dir`; false where that is not allowed. */
function mountSmall(dir: string): boolean {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", dir]).status === 0;
}

/** Writes into `file` until there is no space left. */
function fill(file: string): void {
  const handle = openSync(file, "a");
  try {
    for (;;) writeSync(handle, CHUNK);
  } catch (error) {
    if (systemCode(error) !== "ENOSPC") throw error;
  } finally {
    closeSync(handle);
  }
}

t.test("a hub whose disk is full refuses commands by name, stays up, and goes on when there is space", async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), "barnacle-full-"));
  const house = new House(dir, { node: { wake: { engine: "none" }, speech: { engine: "none" } } });
  const mounted = mountSmall(house.hubState);
  t.teardown(async () => {
    await house.close();
    if (mounted) spawnSync("umount", ["-l", house.hubState]);
    rmSync(dir, { recursive: true, force: true });
  });
  if (!mounted) {
    t.pass("not tested: mounting a small disk is not allowed here", { skip: "mounting needs root" });
    return;
  }
  await house.open();
  const light = (value: 0 | 1) => house.cli("invoke", "Kitchen", "gpio.write", JSON.stringify({ line: LIGHT, value }));
  t.match(await light(1), { code: 0, json: { ok: true } });

  const filler = path.join(house.hubState, "filler");
  fill(filler);
  const refused = await house.eventually("a refusal", async () => {
    // The log of the database may have a page or two left to reuse.
    const result = await light(0);
    fill(filler);
    return result.code === 0 ? undefined : result;
  });
  t.equal(refused.code, 1);
  t.match(JSON.parse(refused.stderr), { error: { code: "AUDIT_UNWRITABLE", message: /./, hint: /./ } });
  const before = house.writes();
  t.equal((await light(1)).code, 1);
  t.match(await house.cli("ask", "turn on the kitchen light"), { code: 1 });
  t.equal(house.writes(), before, "what cannot be audited is not done");
  t.match(await house.cli("devices", "list"), { code: 0, json: [{}] }, "what needs no writing works");
  t.ok(house.hub?.running);

  rmSync(filler);
  t.match(await light(1), { code: 0, json: { ok: true } });
  t.equal(house.light(), 1);
  t.match((await house.cli("audit", "verify")).json, { ok: true });
});
