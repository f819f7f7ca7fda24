import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { BarnacleError } from "@barnacle/protocol/errors";
import { silentLog } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t from "tap";
import { checkBranch, checkRigName, derivePrefix, parseOrigin, prefixOf } from "./index.ts";
import { Rigs } from "./rigs.ts";
import { commit, GIT_ENV, git, originIn, testRigs } from "./testing.ts";

t.test("R1.1 R1.2 a rig is added whole, shown, and a second of its name changes nothing", async (t) => {
  const { rigs, origin, workspace, store, changes } = await testRigs(t);
  const rig = await rigs.add("anna", { name: "paint-shop", url: origin.bare });
  t.match(rig, {
    ...{ name: "paint-shop", workspace: "town", prefix: "ps", url: origin.bare, defaultBranch: "main" },
    ...{ state: "active", repo: path.join(workspace, "paint-shop", "repo.git"), addedBy: "anna", push: "auto" },
    mergeQueue: { enabled: true, run_tests: true, on_conflict: "assign_back", retry_flaky_tests: 1 },
  });
  t.equal(git(rig.repo, "rev-parse", "main"), git(origin.clone, "rev-parse", "main"));
  t.equal(git(rig.repo, "rev-parse", "--is-bare-repository"), "true");
  t.match(JSON.parse(readFileSync(path.join(rig.directory, "rig.json"), "utf8")), {
    ...{ type: "rig", name: "paint-shop", git_url: origin.bare, default_branch: "main", beads: { prefix: "ps" } },
  });
  t.match(changes.at(-1), { noun: "rigs", id: "paint-shop", kind: "added" });
  const before = store.all("SELECT * FROM rigs");
  const entries = readdirSync(workspace);
  for (const name of ["paint-shop", "Paint-Shop"]) {
    await t.rejects(rigs.add("ben", { name, url: origin.bare }), { code: "CONFLICT", message: /is there already/ });
  }
  await t.rejects(rigs.add("ben", { name: "other", url: origin.bare, prefix: "ps" }), {
    code: "CONFLICT",
    message: /paint-shop/,
  });
  t.same(store.all("SELECT * FROM rigs"), before);
  t.same(readdirSync(workspace), entries);
  t.equal((await rigs.add("ben", { name: "PotShop", url: origin.bare })).prefix, "po", "ps is taken");
  t.equal(rigs.byPrefix("po")?.name, "PotShop");
  t.equal(rigs.ofBead("ps-mol-x1y.2")?.name, "paint-shop");
  t.same(
    rigs.list().map(({ name }) => name),
    ["PotShop", "paint-shop"],
  );
  t.throws(() => rigs.get("none"), { code: "RIG_UNKNOWN" });
});

t.test("what cannot be added leaves nothing behind", async (t) => {
  const { rigs, workspace, directory, store } = await testRigs(t);
  git(directory, "init", "--quiet", "--bare", "empty.git");
  const bad: [string, string, { code: string; message?: RegExp }][] = [
    ["shop", path.join(directory, "none"), { code: "INPUT_INVALID", message: /is not there/ }],
    ["shop", workspace, { code: "GIT_FAILED" }],
    ["shop", path.join(directory, "empty.git"), { code: "INPUT_INVALID", message: /has no (commits|branch)/ }],
    ["shop", "ext::sh -c date", { code: "INPUT_INVALID" }],
    ["shop", "ext::touch%20/tmp/x", { code: "INPUT_INVALID", message: /helper/ }],
    ["shop", "http://example.org/x.git", { code: "INPUT_INVALID", message: /not allowed/ }],
    ["shop", "--upload-pack=x", { code: "INPUT_INVALID", message: /dash/ }],
    ["-shop", directory, { code: "INPUT_INVALID" }],
    ["mayor", directory, { code: "INPUT_INVALID" }],
    ["a/b", directory, { code: "INPUT_INVALID" }],
    ["..", directory, { code: "INPUT_INVALID" }],
  ];
  for (const [name, url, error] of bad) await t.rejects(rigs.add("anna", { name, url }), error, `${name} ${url}`);
  await t.rejects(rigs.add("anna", { name: "x", url: directory, workspace: "none" }), { code: "NOT_FOUND" });
  t.same(readdirSync(workspace), []);
  t.same(store.all("SELECT * FROM rigs"), []);
});

t.test("a crash at any step of adding leaves the whole rig or none", async (t) => {
  const { rigs, origin, workspace, store, base, workspaces } = await testRigs(t);
  await rigs.add("anna", { name: "shop", url: origin.bare });
  const { token } = JSON.parse(readFileSync(path.join(workspace, "shop", "rig.json"), "utf8"));
  const again = async () => {
    const next = new Rigs({ ...base, workspaces, env: GIT_ENV, log: silentLog });
    await next.start();
    await next.stop();
  };
  store.run("UPDATE rigs SET state = 'adding', token = ?, default_branch = ''", token);
  t.same(rigs.list(), [], "half of one is not shown");
  await again();
  t.match(rigs.list(), [{ name: "shop", defaultBranch: "main", state: "active" }], "renamed, not yet entered: whole");
  store.run("UPDATE rigs SET state = 'adding', token = 'aa'");
  git(workspace, "init", "--quiet", "--bare", ".barnacle-aa");
  await again();
  t.same(store.all("SELECT * FROM rigs"), [], "not renamed: none");
  t.notOk(existsSync(path.join(workspace, ".barnacle-aa")));
  t.ok(existsSync(path.join(workspace, "shop")), "what is not ours is not touched");
});

t.test("the mirror follows the origin, keeps its own branches, and gives back what was merged", async (t) => {
  const { rigs, origin, clock } = await testRigs(t);
  const { repo } = await rigs.add("anna", { name: "shop", url: origin.bare });
  const first = git(repo, "rev-parse", "main");
  git(repo, "update-ref", "refs/heads/polecat/toast/x", first);
  const second = commit(origin.clone, "second", { b: "b" });
  git(origin.clone, "push", "--quiet", "origin", "main", "main:topic");
  t.match(await rigs.refresh("shop"), { fetched: true, ahead: 0, behind: 0 });
  t.equal(git(repo, "rev-parse", "main"), second);
  t.equal(git(repo, "rev-parse", "refs/remotes/origin/topic"), second);
  t.equal(git(repo, "rev-parse", "polecat/toast/x"), first, "a fetch never takes a branch of ours");
  const tree = git(repo, "rev-parse", "main^{tree}");
  const ours = git(repo, "commit-tree", tree, "-p", second, "-m", "merged here");
  await t.rejects(rigs.advance("shop", "main", first, second), { code: "CONFLICT", message: /lose/ });
  await t.rejects(rigs.advance("shop", "main", ours, first), { code: "CONFLICT", message: /moved/ });
  await rigs.advance("shop", "main", ours, second);
  t.match(await rigs.refresh("shop"), { ahead: 1, behind: 0 });
  t.match(await rigs.push("shop", "main"), { pushed: true });
  t.equal(git(origin.bare, "rev-parse", "main"), ours);
  git(origin.clone, "fetch", "--quiet");
  git(origin.clone, "reset", "--quiet", "--hard", "origin/main");
  commit(origin.clone, "third", { c: "c" });
  git(origin.clone, "push", "--quiet", "origin", "main");
  const other = git(repo, "commit-tree", tree, "-p", ours, "-m", "meanwhile");
  await rigs.advance("shop", "main", other, ours);
  t.match(await rigs.push("shop", "main"), { pushed: false, problem: /rejected/ });
  t.match(rigs.get("shop").pushProblem, /rejected/);
  t.match(await rigs.refresh("shop"), { ahead: 1, behind: 1 }, "and neither is lost");
  t.equal(git(repo, "rev-parse", "main"), other);
  await rigs.configure("anna", "shop", "push", "never");
  t.match(await rigs.push("shop", "main"), { pushed: false, problem: /never/ });
  t.equal(rigs.get("shop").fetchedAt, clock.now());
});

t.test("settings: what was set beside the defaults; anything else is named", async (t) => {
  const { rigs, origin } = await testRigs(t);
  await rigs.add("anna", { name: "shop", url: origin.bare });
  t.match(await rigs.configure("anna", "shop", "merge_queue.test_command", "npm test"), {
    mergeQueue: { test_command: "npm test" },
  });
  t.match(await rigs.configure("anna", "shop", "merge_queue.retry_flaky_tests", "3"), {
    mergeQueue: { retry_flaky_tests: 3 },
  });
  t.match(await rigs.configure("anna", "shop", "merge_queue.enabled", "false"), { mergeQueue: { enabled: false } });
  t.match(await rigs.configure("anna", "shop", "merge_queue.enabled", undefined), { mergeQueue: { enabled: true } });
  for (const [key, value] of [
    ["merge_queue.retry_flaky_tests", "many"],
    ["merge_queue.enabled", "maybe"],
    ["merge_queue.on_conflict", "give_up"],
    ["merge_queue.poll_interval", "soon"],
    ["merge_queue.nothing", "1"],
    ["__proto__", "1"],
  ] as const) {
    await t.rejects(rigs.configure("anna", "shop", key, value), { code: "INPUT_INVALID" }, key);
  }
  await t.rejects(rigs.configure("anna", "shop", "nothing", undefined), { code: "INPUT_INVALID" });
  t.same(rigs.get("shop").set, { "merge_queue.test_command": "npm test", "merge_queue.retry_flaky_tests": 3 });
  t.match(await rigs.setState("anna", "shop", "parked"), { state: "parked" });
});

t.test("a hook of a repository never runs, a secret of an address is nowhere but in its own file", async (t) => {
  const { rigs, origin, workspace, directory, store, changes } = await testRigs(t);
  const hooked = originIn(path.join(directory, "hooked"));
  await rigs.add("anna", { name: "shop", url: hooked.bare });
  const parsed = parseOrigin("https://anna:s3cret-word@example.org/x.git", "/");
  t.same(parsed, { url: "https://example.org/x.git", credential: { user: "anna", password: "s3cret-word" } });
  const failure = await rigs.add("anna", { name: "far", url: "https://anna:s3cret-word@127.0.0.1:1/x.git" }).then(
    () => undefined,
    (error: BarnacleError) => error,
  );
  t.match(failure, { code: "GIT_FAILED", message: /127\.0\.0\.1/ });
  t.notMatch(`${failure?.message} ${JSON.stringify(failure?.toShape())}`, /s3cret-word/);
  t.notOk(existsSync(path.join(store.stateDir, "git-credentials", "far")), "gone with the rig that was not added");
  t.notMatch(JSON.stringify([changes, store.all("SELECT * FROM rigs")]), /s3cret-word/);
  const kept = await rigs.git("shop").text(["config", "--list"]);
  t.notMatch(kept, /s3cret/);
  t.equal(statSync(path.join(workspace, "shop", "repo.git", "config")).mode & 0o777, 0o600);
  t.ok(origin);
});

t.test("R1.3 prefixes: made from the name, and ids of two rigs never meet", async (t) => {
  const never = () => false;
  t.equal(derivePrefix("gastown", never), "ga");
  t.equal(derivePrefix("my-web_shop", never), "mws");
  t.equal(derivePrefix("paintShop", never), "ps");
  t.equal(derivePrefix("hq", never), "hq2");
  t.equal(derivePrefix("x", never), "x2");
  const busy = new Set(["ga", "gas", "gast", "gasto", "gastow", "gastown"]);
  t.equal(
    derivePrefix("gastown", (one) => busy.has(one)),
    "gast2",
  );
  t.equal(prefixOf("gt-a1b.2"), "gt");
  t.equal(prefixOf("nodash"), undefined);
});

t.test("names that git or a directory would take for something else are refused", async (t) => {
  for (const bad of ["-x", "a..b", "a b", "a~b", "x.lock", "a/", "/a", "a@{b", "a\\b", ".a", "a/.b", ""]) {
    t.throws(() => checkBranch(bad), { code: "INPUT_INVALID" }, bad);
  }
  for (const good of ["main", "polecat/toast/sh-a1b@m1x", "feature/ü"]) t.equal(checkBranch(good), good);
  fc.assert(
    fc.property(fc.string({ maxLength: 50 }), (text) => {
      try {
        return /^[A-Za-z][A-Za-z0-9_-]*$/.test(checkRigName(text));
      } catch {
        return true;
      }
    }),
  );
});
