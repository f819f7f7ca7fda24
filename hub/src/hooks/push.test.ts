import { writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { commit, git, originIn } from "../rigs/testing.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { pushed } from "./push.ts";

const GIT = {
  run: async (args: readonly string[], { cwd }: { readonly cwd: string }) => ({ stdout: git(cwd, ...args) }),
};

t.test("a branch has arrived before it counts as pushed", async (t) => {
  const { bare, clone } = originIn(temporaryDirectory(t));
  git(clone, "checkout", "-q", "-b", "polecat/toast");
  const push = (run = GIT) => pushed(run, { worktree: clone, branch: "polecat/toast", repo: bare, base: "main" });
  t.match(await push(), { ahead: 0 }, "nothing done yet");
  const first = commit(clone, "one", { "one.txt": "1\n" });
  t.same(await push(), { branch: "polecat/toast", commit: first, ahead: 1 });
  t.equal(git(bare, "rev-parse", "polecat/toast"), first);
  t.same(await push(), { branch: "polecat/toast", commit: first, ahead: 1 }, "again nothing changes");

  writeFileSync(path.join(clone, "two.txt"), "2\n");
  await t.rejects(push(), { code: "DONE_REFUSED", message: /not committed: two\.txt/ });
  commit(clone, "two", {});
  const lost = {
    run: async (args: readonly string[], at: { readonly cwd: string }) =>
      args[0] === "push" ? { stdout: "" } : GIT.run(args, at),
  };
  await t.rejects(push(lost), { code: "DONE_REFUSED", message: /did not arrive/ });
  git(clone, "commit", "-q", "--amend", "-m", "another history");
  git(bare, "update-ref", "refs/heads/polecat/toast", "main");
  t.match(await push(), { ahead: 2 });
  await t.rejects(pushed(GIT, { worktree: clone, branch: "polecat/toast", repo: `${bare}-gone`, base: "main" }), {
    code: "DONE_REFUSED",
    message: /cannot be pushed/,
  });
});
