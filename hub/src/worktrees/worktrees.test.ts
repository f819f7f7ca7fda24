import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { commit, git, testRigs } from "../rigs/testing.ts";

const AGENT = "shop/polecats/toast";

t.test(
  "R4.3 a job gets a worktree and a branch of its own; the worktree is kept and reset only when it is clean",
  async (t) => {
    const submitted = new Set<string>();
    const submissions = { has: (_rig: string, branch: string) => submitted.has(branch) };
    const { rigs, worktrees, origin, clock, changes, workspace } = await testRigs(t, { submissions });
    await rigs.add("anna", { name: "shop", url: origin.bare });
    const first = await worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-a1b" });
    t.equal(first.path, path.join(workspace, AGENT));
    t.match(first.branch, /^polecat\/toast\/sh-a1b@[0-9a-z]+$/);
    t.equal(git(first.path, "config", "user.name"), AGENT, "its commits are the agent's");
    t.equal(readFileSync(path.join(first.path, "README.md"), "utf8"), "one\n");
    t.match(await worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-a1b" }), {
      resumed: true,
      branch: first.branch,
    });
    await t.rejects(worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-other" }), {
      code: "WORKTREE_BUSY",
    });
    t.match(await worktrees.verdict(AGENT), {
      verdict: "SAFE_TO_NUKE",
      cleanup_status: "clean",
      uncommitted: 0,
      unpushed: 0,
    });

    writeFileSync(path.join(first.path, "new.txt"), "new\n");
    writeFileSync(path.join(first.path, "README.md"), "two\n");
    t.match(await worktrees.verdict(AGENT), {
      verdict: "NEEDS_RECOVERY",
      uncommitted: 2,
      untracked: 1,
      cleanup_status: "has_uncommitted",
    });
    t.match(await worktrees.release(AGENT), { verdict: "NEEDS_RECOVERY" });
    await t.rejects(worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-c2d" }), {
      code: "WORKTREE_DIRTY",
      message: /2 × uncommitted file/,
    });
    const done = commit(first.path, "the work", {});
    t.match(await worktrees.verdict(AGENT), { verdict: "NEEDS_MQ_SUBMIT", unmerged: 1, unpushed: 0, head: done });
    await t.rejects(worktrees.remove(AGENT), { code: "WORKTREE_DIRTY", message: /NEEDS_MQ_SUBMIT/ });
    submitted.add(first.branch);
    t.match(await worktrees.verdict(AGENT), { verdict: "SAFE_TO_NUKE" });

    git(first.path, "stash", "list");
    writeFileSync(path.join(first.path, "README.md"), "three\n");
    git(first.path, "stash");
    t.match(await worktrees.verdict(AGENT), { verdict: "NEEDS_RECOVERY", stashes: 1, cleanup_status: "has_stash" });
    git(first.path, "stash", "drop");
    git(first.path, "checkout", "--quiet", "--detach");
    commit(first.path, "on no branch", { "lost.txt": "l\n" });
    t.match(await worktrees.verdict(AGENT), { verdict: "NEEDS_RECOVERY", unpushed: 1, cleanup_status: "has_unpushed" });
    git(first.path, "checkout", "--quiet", first.branch);

    clock.jumpTo(clock.now() + 120_000);
    const moved = commit(origin.clone, "elsewhere", { "b.txt": "b\n" });
    git(origin.clone, "push", "--quiet", "origin", "main");
    const second = await worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-c2d" });
    t.not(second.branch, first.branch);
    t.equal(second.path, first.path, "kept");
    t.equal(git(second.path, "rev-parse", "HEAD"), moved, "and begins at what the origin has now");
    t.equal(git(second.path, "rev-parse", first.branch), done, "the work before stays in the mirror");
    t.match(await worktrees.release(AGENT), { verdict: "SAFE_TO_NUKE" });
    t.equal(git(second.path, "rev-parse", "--abbrev-ref", "HEAD"), "HEAD", "the branch can be merged and deleted");
    const other = await worktrees.acquire("anna", { rig: "shop", agent: "shop/polecats/nux", bead: "sh-c2d" });
    t.not(other.path, first.path, "two agents never share one");
    t.match(await worktrees.remove(AGENT), { rescued: [], path: first.path });
    t.notOk(existsSync(first.path));
    await t.rejects(worktrees.verdict(AGENT), { code: "WORKTREE_UNKNOWN" });
    t.match(
      changes.filter(({ noun, id }) => noun === "worktrees" && id === AGENT).map(({ kind }) => kind),
      ["acquired", "released", "acquired", "released", "removed"],
    );
  },
);

t.test("removing by force saves what only the worktree had, every kind of it", async (t) => {
  const { rigs, worktrees, origin } = await testRigs(t);
  const { repo } = await rigs.add("anna", { name: "shop", url: origin.bare });
  const { path: at } = await worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-a1b" });
  writeFileSync(path.join(at, "README.md"), "stashed\n");
  git(at, "stash");
  git(at, "checkout", "--quiet", "--detach");
  const lone = commit(at, "on no branch", { "lone.txt": "lone\n" });
  writeFileSync(path.join(at, "README.md"), "staged\n");
  git(at, "add", "README.md");
  writeFileSync(path.join(at, "README.md"), "changed after\n");
  writeFileSync(path.join(at, "-n untracked ü.txt"), "u\n");
  await t.rejects(worktrees.remove(AGENT), { code: "WORKTREE_BUSY" });
  const { rescued } = await worktrees.remove(AGENT, { force: true });
  t.match(rescued, [/^rescue\/polecat\/toast\/[0-9a-z]+$/, /-stash-1$/]);
  t.notOk(existsSync(at));
  const [work = "", stash = ""] = rescued;
  const show = (what: string) => git(repo, "show", what);
  t.equal(show(`${work}:README.md`), "changed after");
  t.equal(show(`${work}:-n untracked ü.txt`), "u");
  t.equal(show(`${work}:lone.txt`), "lone");
  t.equal(show(`${work}^2:README.md`), "staged");
  t.equal(show(`${stash}:README.md`), "stashed");
  t.equal(git(repo, "rev-parse", `${work}^1`), lone);
});

t.test("a rebase that stopped at a conflict is saved too; a repository inside is refused, even by force", async (t) => {
  const { rigs, worktrees, origin } = await testRigs(t);
  const { repo } = await rigs.add("anna", { name: "shop", url: origin.bare });
  const { path: at, branch } = await worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-a1b" });
  const mine = commit(at, "mine", { "README.md": "mine\n" });
  git(at, "checkout", "--quiet", "--detach", "main");
  const theirs = commit(at, "theirs", { "README.md": "theirs\n" });
  git(at, "checkout", "--quiet", branch);
  t.throws(() => git(at, "rebase", theirs));
  t.match(await worktrees.verdict(AGENT), { verdict: "NEEDS_RECOVERY", branch: undefined });
  mkdirSync(path.join(at, "inner"));
  git(path.join(at, "inner"), "init", "--quiet");
  commit(path.join(at, "inner"), "of its own", { x: "x\n" });
  await t.rejects(worktrees.remove(AGENT, { force: true }), { code: "WORKTREE_DIRTY", message: /inner/ });
  t.ok(existsSync(path.join(at, "inner", "x")), "nothing was removed");
  renameSync(path.join(at, "inner"), `${at}-inner`);
  const { rescued } = await worktrees.remove(AGENT, { force: true });
  t.match(git(repo, "show", `${rescued[0]}:README.md`), /<<<<<<<[\s\S]*mine/);
  t.equal(git(repo, "rev-parse", branch), mine, "the branch stays as it was");
});

t.test("a directory that was moved or is gone is named; by force only the record goes", async (t) => {
  const { rigs, worktrees, origin } = await testRigs(t);
  const { repo } = await rigs.add("anna", { name: "shop", url: origin.bare });
  const { path: at, branch } = await worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-a1b" });
  const done = commit(at, "work", { "w.txt": "w\n" });
  renameSync(at, `${at}-moved`);
  for (const act of [
    () => worktrees.verdict(AGENT),
    () => worktrees.release(AGENT),
    () => worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-a1b" }),
    () => worktrees.remove(AGENT),
  ]) {
    await t.rejects(act() as Promise<unknown>, {
      code: "WORKTREE_LOST",
      message: new RegExp(`${at}: the directory is not there`),
    });
  }
  const other = await worktrees.acquire("anna", { rig: "shop", agent: "shop/polecats/nux", bead: "sh-c2d" });
  await worktrees.remove("shop/polecats/nux", { force: true });
  t.notOk(existsSync(other.path));
  renameSync(`${at}-moved`, at);
  t.match(await worktrees.verdict(AGENT), { verdict: "NEEDS_MQ_SUBMIT", head: done }, "moved back it is as before");
  renameSync(at, `${at}-moved`);
  t.match(await worktrees.remove(AGENT, { force: true }), { rescued: [], branch });
  t.equal(git(repo, "rev-parse", branch), done);
  t.ok(existsSync(`${at}-moved`));
});

t.test("crew worktrees are long-lived: no job resets them", async (t) => {
  const { rigs, worktrees, origin } = await testRigs(t);
  await rigs.add("anna", { name: "shop", url: origin.bare });
  const agent = "shop/crew/anna";
  const { path: at, branch } = await worktrees.acquire("anna", { rig: "shop", agent, bead: "sh-a1b" });
  t.equal(branch, "crew/anna");
  writeFileSync(path.join(at, "notes.txt"), "n\n");
  await worktrees.release(agent);
  t.match(await worktrees.acquire("anna", { rig: "shop", agent, bead: "sh-c2d" }), {
    path: at,
    branch,
    resumed: false,
  });
  t.equal(readFileSync(path.join(at, "notes.txt"), "utf8"), "n\n");
  await t.rejects(worktrees.acquire("anna", { rig: "shop", agent: "other/crew/x", bead: "b-1" }), {
    code: "INPUT_INVALID",
  });
  await t.rejects(worktrees.acquire("anna", { rig: "shop", agent: "shop/witness", bead: "b-1" }), {
    code: "INPUT_INVALID",
  });
  await t.rejects(worktrees.acquire("anna", { rig: "shop", agent: "shop/crew/-x", bead: "b-1" }), {
    code: "INPUT_INVALID",
  });
});
