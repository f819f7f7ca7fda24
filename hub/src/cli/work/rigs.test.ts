import { existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { commit, git, originIn } from "../../rigs/testing.ts";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

function desk(t: Test) {
  const home = realpathSync(temporaryHome((fn) => t.teardown(fn)));
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } }));
  const json = async <T>(...argv: string[]): Promise<T> => {
    const { code, out, err } = await cli(...argv, "--json");
    if (code !== 0) throw new TypeError(`${argv.join(" ")}: ${err}`);
    return JSON.parse(out) as T;
  };
  return { home, cli, json };
}

t.test("R6 rigs from the command line without a hub: every command, its JSON, its exit code", async (t) => {
  const { home, cli, json } = desk(t);
  const { bare, clone } = originIn(home);
  t.match(await cli("rig", "list"), { code: 1, err: /holds no store/ });
  t.match(await cli("rig", "add", "shop", bare), { code: 1, err: /there is no workspace yet/ });
  const town = path.join(home, "town");
  t.match(await json("workspace", "init", town), { name: "town", path: town, created_by: "anna" });
  t.match(await cli("workspace", "init", town), { code: 1, err: /is there already/ });
  t.match(await cli("workspace", "init", path.join(town, "inner")), { code: 1, err: /lie in one another/ });
  t.match(await json("rig", "add", "shop", bare), {
    ...{ name: "shop", workspace: "town", beads_prefix: "sh", status: "active", url: bare, default_branch: "main" },
    ...{ polecats: 0, crew: 0, path: path.join(town, "shop"), settings: { merge_queue: { enabled: true } } },
  });
  t.match(await cli("rig", "add", "shop", bare), { code: 1, out: "", err: /the rig shop is there already/ });
  t.match(await cli("rig", "add", "two", bare, "--prefix", "sh"), { code: 1, err: /belongs to the rig shop/ });
  t.match(await cli("rig", "add", "two"), { code: 2 });
  t.match(await json("rig", "list"), [{ name: "shop", beads_prefix: "sh", polecats: 0, crew: 0 }]);
  t.match(await json("workspace", "list"), [{ name: "town", rigs: ["shop"] }]);
  t.match(await json("rig", "status", "shop"), {
    name: "shop",
    ahead: 0,
    behind: 0,
    head: git(clone, "rev-parse", "main"),
  });
  t.match(await cli("rig", "show", "none"), { code: 1, err: /RIG_UNKNOWN/ });
  t.match((await cli("rig", "show", "shop")).out, /origin +.*origin\.git/);
  t.match(await json("rig", "park", "shop"), { status: "parked" });
  t.match(await cli("worktree", "acquire", "shop/polecats/toast", "--bead", "sh-a1b"), { code: 1, err: /is parked/ });
  t.match((await cli("rig", "unpark", "shop")).out, "shop is active\n");
  t.match(await json("rig", "dock", "shop"), { status: "docked" });
  t.match(await json("rig", "undock", "shop"), { status: "active" });
  t.match(await json("rig", "config", "set", "shop", "merge_queue.test_command", "npm test"), { value: "npm test" });
  t.match(
    (await json<{ key: string }[]>("rig", "config", "show", "shop")).filter(({ key }) => key.includes("test")),
    [
      { key: "merge_queue.run_tests", value: true, set: false },
      { key: "merge_queue.test_command", value: "npm test", set: true },
    ],
  );
  t.match(await json("rig", "config", "unset", "shop", "merge_queue.test_command"), { value: null });
  t.match(await cli("rig", "config", "set", "shop", "merge_queue.run_tests", "perhaps"), { code: 1, err: /run_tests/ });
  commit(clone, "second", { b: "b" });
  git(clone, "push", "--quiet", "origin", "main");
  t.match(await json("rig", "fetch", "shop"), { fetched: true, ahead: 0, behind: 0 });
  t.match(await json("rig", "push", "shop"), { pushed: true });

  const agent = "shop/polecats/toast";
  const got = await json<{ path: string; branch: string }>("worktree", "acquire", agent, "--bead", "sh-a1b");
  t.equal(got.path, path.join(town, agent));
  t.match(await json("worktree", "list", "--rig", "shop"), [
    { agent, state: "working", bead: "sh-a1b", branch: got.branch },
  ]);
  t.match(await json("worktree", "verdict", agent), { verdict: "SAFE_TO_NUKE" });
  t.match(await json("worktree", "orphans"), [{ kind: "stale", agent, why: "its bead is not there" }]);
  writeFileSync(path.join(got.path, "new"), "x");
  t.match(await cli("worktree", "verdict", agent), { code: 1, out: /NEEDS_RECOVERY/ });
  t.match(await json("worktree", "release", agent), { verdict: "NEEDS_RECOVERY" });
  t.match(await json("worktree", "orphans"), [{ kind: "unsaved", agent, why: /1 × uncommitted file/ }]);
  t.match(await cli("worktree", "remove", agent), { code: 1, err: /WORKTREE_DIRTY/ });
  t.match(await cli("rig", "remove", "shop", "--files"), { code: 1, err: /WORKTREE_DIRTY/ });
  t.match((await cli("worktree", "remove", agent, "--force")).out, /saved: branch rescue\/polecat\/toast\//);
  t.match(await json("worktree", "orphans"), [{ kind: "rescued", branch: /^rescue\// }]);
  mkdirSync(path.join(town, "shop", "polecats", "stray"), { recursive: true });
  t.match(
    (await json<{ kind: string; path?: string }[]>("worktree", "orphans")).find(({ kind }) => kind === "unknown"),
    { path: path.join(town, "shop", "polecats", "stray") },
  );
  t.match(await json("crew", "add", "anna"), { rig: "shop", agent: "shop/crew/anna", branch: "crew/anna" });
  t.match(await json("crew", "list", "--rig", "shop"), [{ name: "anna", state: "idle" }]);
  t.match(await json("crew", "remove", "anna"), { agent: "shop/crew/anna", rescued: [] });
  t.same(await json("rig", "events", "shop"), []);
  t.match(await cli("workspace", "remove", "town"), { code: 1, err: /has rigs: shop/ });
  const removed = await json<{ bundle: string }>("rig", "remove", "shop", "--files");
  t.match(removed, { removed: "shop", files: "deleted", bundle: /shop-[0-9a-z]+\.bundle$/ });
  t.notOk(existsSync(path.join(town, "shop")));
  t.match(
    git(home, "bundle", "list-heads", removed.bundle),
    /refs\/heads\/rescue\/polecat\/toast/,
    "what was saved stays",
  );
  t.same(await json("rig", "list"), []);
  await json("rig", "add", "shop", bare);
  t.match((await cli("rig", "remove", "shop")).out, /its files stay in .*shop/);
  t.ok(existsSync(path.join(town, "shop", "repo.git")));
  t.match(await cli("rig", "add", "shop", bare), { code: 1, err: /shop is there already/ });
  t.match(await json("workspace", "remove", "town"), { name: "town" });
});

t.test("a secret in an address is in no output", async (t) => {
  const { home, cli, json } = desk(t);
  await json("workspace", "init", path.join(home, "town"));
  for (const flags of [[], ["--json"]]) {
    const { code, out, err } = await cli("rig", "add", "far", "https://anna:s3cret-word@127.0.0.1:1/x.git", ...flags);
    t.equal(code, 1);
    t.notMatch(out + err, /s3cret-word/);
  }
  t.same(await json("rig", "list"), []);
});
