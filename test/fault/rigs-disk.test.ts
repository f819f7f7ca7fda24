import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { commit, git, testRigs } from "../../hub/src/rigs/testing.ts";

const MB = 1024 * 1024;

t.test("a full disk under a workspace: named, nothing half-made, and it goes on when there is room", async (t) => {
  const { rigs, worktrees, workspaces, origin, directory, store } = await testRigs(t);
  const small = path.join(directory, "small");
  mkdirSync(small);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "barnacle-test", small]).status !== 0) {
    t.pass("not tested: mounting a small disk is not allowed here", { skip: "mounting needs root" });
    return;
  }
  t.teardown(() => spawnSync("umount", ["-l", small]));
  await workspaces.init("anna", { path: small });
  writeFileSync(path.join(origin.clone, "big"), randomBytes(3 * MB));
  commit(origin.clone, "big", {});
  git(origin.clone, "push", "--quiet", "origin", "main");
  const filler = path.join(small, "filler");
  writeFileSync(filler, randomBytes(2 * MB));
  const full = { code: "STATE_UNWRITABLE", message: /space|write/i, hint: /disk is full/ };
  await t.rejects(rigs.add("anna", { name: "shop", url: origin.bare, workspace: "small" }), full);
  t.same(readdirSync(small), ["filler"]);
  t.same(store.all("SELECT * FROM rigs"), []);
  rmSync(filler);
  await rigs.add("anna", { name: "shop", url: origin.bare, workspace: "small" });
  const job = { rig: "shop", agent: "shop/polecats/toast", bead: "sh-1" };
  await t.rejects(worktrees.acquire("anna", job), full, "the mirror fits, its files do not");
  t.same(worktrees.list(), []);
  t.notOk(existsSync(path.join(small, "shop", "polecats", "toast")));
  spawnSync("mount", ["-o", "remount,size=16m", small]);
  t.match(await worktrees.acquire("anna", job), { path: path.join(small, "shop", "polecats", "toast") });
});
