import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { commit, git, testRigs } from "./testing.ts";

const AGENT = "shop/polecats/toast";

t.test("what an agent writes into a configuration is never run by the hub's git", async (t) => {
  const { rigs, worktrees, origin, directory } = await testRigs(t);
  const { repo } = await rigs.add("anna", { name: "shop", url: origin.bare });
  const { path: at } = await worktrees.acquire("anna", { rig: "shop", agent: AGENT, bead: "sh-a1b" });
  const mark = path.join(directory, "ran");
  const program = path.join(directory, "evil");
  writeFileSync(program, `#!/bin/sh\ntouch '${mark}'\ncat\n`, { mode: 0o755 });
  for (const [key, value] of [
    ["remote.origin.uploadpack", program],
    ["remote.origin.receivepack", program],
    ["core.sshCommand", program],
    ["filter.x.clean", program],
    ["credential.helper", `!${program}`],
    ["include.path", "/dev/null"],
    ["url.ext::id.insteadOf", "/"],
  ] as const) {
    git(at, "config", key, value);
    await t.rejects(
      worktrees.verdict(AGENT),
      { code: "RIG_REFUSED", message: new RegExp(key.split(".")[0] ?? "", "i") },
      key,
    );
    t.match(await rigs.push("shop", "main"), { pushed: false, problem: /does not follow/ });
    git(at, "config", "--unset", key);
    t.match(await worktrees.verdict(AGENT), { verdict: "SAFE_TO_NUKE" }, `${key} taken out`);
  }
  git(at, "config", "--worktree", "filter.x.smudge", program);
  await t.rejects(worktrees.verdict(AGENT), { code: "RIG_REFUSED", message: /config\.worktree has filter\.x\.smudge/ });
  git(at, "config", "--worktree", "--unset", "filter.x.smudge");
  git(at, "config", "remote.origin.url", directory);
  t.match(await rigs.refresh("shop").catch((error: Error) => ({ problem: error.message })), {
    problem: /remote\.origin\.url/,
  });
  git(at, "config", "remote.origin.url", origin.bare);
  const link = path.join(at, ".git");
  const right = readFileSync(link, "utf8");
  git(directory, "init", "--quiet", "other");
  writeFileSync(link, `gitdir: ${path.join(directory, "other", ".git")}\n`);
  await t.rejects(worktrees.verdict(AGENT), { code: "RIG_REFUSED", message: /does not belong to/ });
  writeFileSync(link, right);
  git(at, "config", "alias.st", "status");
  git(at, "config", "branch.x.remote", "origin");
  commit(at, "ordinary work", { x: "x" });
  t.match(await worktrees.verdict(AGENT), { verdict: "NEEDS_MQ_SUBMIT" }, "ordinary settings are nobody's business");
  t.match(await rigs.refresh("shop"), { fetched: true });
  t.notOk(existsSync(mark));
  t.ok(existsSync(repo));
});
