import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { commit, git, originIn } from "../../hub/src/rigs/testing.ts";
import { House } from "../support/house.ts";
import { PATIENCE_MS } from "../support/process.ts";

t.setTimeout(300_000);

interface Listed {
  readonly name: string;
  readonly status: string;
}

interface Told {
  readonly hook: string;
  readonly agent?: string;
  readonly body: {
    readonly subject?: string;
    readonly branch?: string;
    readonly passed?: boolean;
    readonly refs?: object[];
  };
}

function directoryOf(t: Test): string {
  // Short, because a socket lies in it.
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A git that stops for good before the commands that a file names, and says so; the hub finds it first. */
function haltingGit(dir: string): {
  env: NodeJS.ProcessEnv;
  haltAt(command: string): void;
  halted(): Promise<void>;
  letGo(): void;
} {
  const bin = path.join(dir, "bin");
  const [at, mark] = [path.join(dir, "halt-at"), path.join(dir, "halted")];
  mkdirSync(bin);
  const real = process.env.PATH?.split(":")
    .map((one) => path.join(one, "git"))
    .find((file) => existsSync(file));
  const script = `#!/bin/sh
if [ -f '${at}' ]; then
  word=$(cat '${at}')
  for arg in "$@"; do
    if [ "$arg" = "$word" ]; then echo $$ > '${mark}'; while [ -f '${at}' ]; do sleep 0.1; done; exit 1; fi
  done
fi
exec '${real}' "$@"
`;
  writeFileSync(path.join(bin, "git"), script);
  chmodSync(path.join(bin, "git"), 0o755);
  return {
    env: { PATH: `${bin}:${process.env.PATH}` },
    haltAt: (command) => writeFileSync(at, command),
    async halted() {
      const deadline = performance.now() + PATIENCE_MS;
      while (!existsSync(mark) && performance.now() < deadline) await pause(20);
    },
    letGo() {
      rmSync(at, { force: true });
      rmSync(mark, { force: true });
    },
  };
}

t.test("R1.2 a hub killed in the middle of `rig add` has the whole rig or none afterwards", async (t) => {
  const dir = directoryOf(t);
  const halting = haltingGit(dir);
  const house = new House(dir, { env: halting.env });
  t.teardown(() => house.close());
  const { bare } = originIn(path.join(dir, "from"));
  const town = path.join(dir, "town");
  await house.startHub();
  t.match(await house.cli("workspace", "init", town), { code: 0 });
  for (const step of ["init", "fetch", "symbolic-ref"]) {
    halting.haltAt(step);
    const adding = house.cli("rig", "add", "shop", bare);
    await halting.halted();
    t.match(await house.cli("rig", "list"), { json: [] }, "half of one is not shown");
    t.match(await house.cli("rig", "add", "shop", bare), { code: 1, stderr: /is being added/ });
    await house.hub?.kill();
    halting.letGo();
    t.match(await adding, { code: 1 }, `killed at git ${step}`);
    await house.startHub();
    await house.eventually("what was half-made is gone", async () =>
      readdirSync(town).length === 0 ? true : undefined,
    );
    t.match(await house.cli("rig", "list"), { json: [] });
  }
  t.match(await house.cli("rig", "add", "shop", bare), { code: 0, json: { name: "shop", beads_prefix: "sh" } });
  await house.hub?.kill();
  await house.startHub();
  t.match(
    await house.cli("rig", "list"),
    { json: [{ name: "shop", status: "active" }] },
    "what was acknowledged is there",
  );
  t.equal(git(path.join(town, "shop", "repo.git"), "rev-parse", "main"), git(bare, "rev-parse", "main"));
  // At whatever moment: whole or none.
  for (const [i, ms] of [40, 90, 160].entries()) {
    const name = `r${i}`;
    const adding = house.cli("rig", "add", name, bare, "--prefix", name);
    await pause(300 + ms);
    await house.hub?.kill();
    const { code } = await adding;
    await house.startHub();
    const { json } = await house.cli("rig", "list");
    const found = (json as Listed[]).find((rig) => rig.name === name);
    if (code === 0) t.ok(found, "acknowledged, so it is there");
    if (found) t.equal(git(path.join(town, name, "repo.git"), "rev-parse", "main"), git(bare, "rev-parse", "main"));
    else t.notOk(existsSync(path.join(town, name)));
    t.same(
      readdirSync(town).filter((entry) => entry.startsWith(".")),
      [],
    );
  }
});

t.test("R1.4 git hooks in worktrees of a real hub; command line and gateway show the same", async (t) => {
  const dir = directoryOf(t);
  const house = new House(dir);
  t.teardown(() => house.close());
  const { bare, clone } = originIn(path.join(dir, "from"));
  const town = path.join(dir, "town");
  await house.startHub();
  await house.cli("workspace", "init", town);
  await house.cli("rig", "add", "shop", bare);
  const agent = "shop/polecats/toast";
  const got = (await house.cli("worktree", "acquire", agent, "--bead", "sh-a1b")).json as {
    path: string;
    branch: string;
  };
  const told = async () => (await house.call<{ result: Told[] }>("worktrees.events", { rig: "shop" })).result;
  const at = got.path;

  commit(at, "the work", { "work.txt": "1\n" });
  t.match(git(at, "log", "-1", "--format=%B"), /^the work\n\nBead: sh-a1b$/, "prepare-commit-msg");
  t.match(await told(), [
    { hook: "pre-commit", agent },
    { hook: "prepare-commit-msg", agent },
    { hook: "post-commit", agent, body: { subject: "the work", branch: got.branch } },
  ]);
  git(at, "checkout", "--quiet", "-b", "side");
  git(at, "merge", "--quiet", "--no-edit", "--no-ff", git(at, "rev-parse", "side"), "-m", "x");
  commit(clone, "elsewhere", { "else.txt": "e\n" });
  git(clone, "push", "--quiet", "origin", "main");
  git(at, "fetch", "--quiet", "origin");
  git(at, "merge", "--quiet", "--no-edit", "origin/main");
  git(at, "push", "--quiet", "origin", "side");
  const hooks = (await told()).map(({ hook }) => hook);
  for (const hook of ["post-checkout", "post-merge", "pre-push"]) t.ok(hooks.includes(hook), hook);
  t.match(
    (await told()).find(({ hook }) => hook === "pre-push"),
    { body: { refs: [{ local: "refs/heads/side" }] } },
  );

  // A person's own hook, then the rig's gate, then neither.
  const own = path.join(at, ".own");
  mkdirSync(own);
  writeFileSync(path.join(own, "pre-commit"), "#!/bin/sh\ntouch own-ran; exit 0\n", { mode: 0o755 });
  await house.cli("rig", "config", "set", "shop", "hooks.user_path", ".own");
  await house.cli("rig", "config", "set", "shop", "hooks.pre_commit", "test -f allowed");
  const head = git(at, "rev-parse", "HEAD");
  t.throws(() => commit(at, "refused", { "no.txt": "n\n" }), /the rig's gate did not pass: test -f allowed/);
  t.equal(git(at, "rev-parse", "HEAD"), head);
  t.ok(existsSync(path.join(at, "own-ran")));
  t.match((await told()).at(-1), { hook: "pre-commit", body: { passed: false } });
  commit(at, "allowed", { allowed: "y\n" });
  await house.cli("rig", "config", "set", "shop", "hooks.pre_push", "false");
  t.throws(() => git(at, "push", "--quiet", "origin", "side"), /gate did not pass/);
  t.notMatch(git(bare, "log", "-1", "--format=%s", "side"), /allowed/);

  const seen = await house.call<{ result: object[] }>("rigs.list");
  t.match(await house.cli("rig", "list"), { code: 0, json: seen.result, stderr: "" }, "the same by both");
  const trees = await house.call<{ result: object[] }>("worktrees.all");
  t.match(await house.cli("worktree", "list"), { code: 0, json: trees.result, stderr: "" });

  await house.hub?.stop();
  t.throws(() => git(at, "push", "--quiet", "origin", "side"), /gate did not pass/, "a gate holds without a hub");
  t.match((await house.cli("rig", "config", "unset", "shop", "hooks.pre_push")).code, 0);
  commit(at, "the hub is away", { "z.txt": "z\n" });
  git(at, "push", "--quiet", "origin", "side");
  t.match(git(bare, "log", "-1", "--format=%s", "side"), /the hub is away/, "nothing else does");
  t.match(await house.cli("rig", "list"), { code: 0, json: seen.result }, "and reading works");
  t.match(await house.cli("worktree", "verdict", agent), { code: 1, json: { branch: "side", unpushed: 0 } });
});
