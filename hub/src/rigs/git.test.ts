import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { FakeClock } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { Git } from "./git.ts";
import { gitError } from "./git-errors.ts";
import { Lanes } from "./lanes.ts";
import { commit, GIT_ENV, git } from "./testing.ts";
import { maskUrls, parseOrigin } from "./url.ts";

function directoryOf(t: Test): string {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A program that stands in for git. */
function fakeGit(directory: string, script: string): Record<string, string> {
  mkdirSync(path.join(directory, "bin"));
  writeFileSync(path.join(directory, "bin", "git"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: `${path.join(directory, "bin")}:${process.env.PATH}` };
}

t.test("what takes too long is ended, with all that it started", async (t) => {
  const cwd = directoryOf(t);
  const clock = new FakeClock();
  const env = fakeGit(cwd, "sleep 1000 & echo $! > child; touch begun; wait");
  const running = new Set<AbortController>();
  const slow = new Git({ cwd, clock, env, running });
  const asked = slow.run(["fetch"], { timeoutMs: 5000 });
  asked.catch(() => {});
  while (!existsSync(path.join(cwd, "begun"))) await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(running.size, 1);
  await clock.advance(5001);
  await t.rejects(asked, { code: "TIMEOUT", message: /git fetch in .* took longer than 5 s/ });
  t.equal(running.size, 0);
  t.equal(clock.pending, 0);
  rmSync(path.join(cwd, "begun"));
  const stopped = slow.run(["fetch"]);
  stopped.catch(() => {});
  while (!existsSync(path.join(cwd, "begun"))) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const controller of running) controller.abort();
  await t.rejects(stopped, { code: "HUB_STOPPING" });
});

t.test("git is asked without a shell, a prompt, a hook, or the hub's environment", async (t) => {
  const cwd = directoryOf(t);
  const env = {
    ...fakeGit(cwd, 'for arg in "$@"; do echo "$arg"; done; env'),
    SECRET_TOKEN: "x1y2z3",
    GIT_DIR: "/elsewhere",
  };
  const said = await new Git({ cwd, clock: new FakeClock(), env }).text(["log", "$(touch pwned)", "; touch pwned"]);
  t.ok(said.includes("\n$(touch pwned)\n; touch pwned\n"));
  t.notOk(existsSync(path.join(cwd, "pwned")));
  t.match(said, /GIT_TERMINAL_PROMPT=0/);
  t.match(said, /GIT_ALLOW_PROTOCOL=file:https:ssh:git/);
  t.match(said, /core\.hooksPath=\/dev\/null/);
  t.notMatch(said, /x1y2z3|elsewhere/);
});

t.test("hooks and a file system monitor of a repository are not run", async (t) => {
  const cwd = directoryOf(t);
  git(cwd, "init", "--quiet");
  commit(cwd, "first", { a: "a" });
  const evil = path.join(cwd, ".git", "evil");
  writeFileSync(evil, `#!/bin/sh\ntouch '${cwd}/ran'\n`, { mode: 0o755 });
  mkdirSync(path.join(cwd, ".git", "hooks"), { recursive: true });
  for (const hook of ["post-checkout", "pre-commit", "post-index-change", "reference-transaction"]) {
    writeFileSync(path.join(cwd, ".git", "hooks", hook), `#!/bin/sh\ntouch '${cwd}/ran'\n`, { mode: 0o755 });
  }
  git(cwd, "config", "core.fsmonitor", evil);
  const ours = new Git({ cwd, clock: new FakeClock(), env: GIT_ENV });
  await ours.run(["status"]);
  await ours.run(["checkout", "--quiet", "-b", "other"]);
  await ours.run(["commit", "--quiet", "--allow-empty", "-m", "x"], { as: { name: "A", email: "a@example.org" } });
  t.notOk(existsSync(path.join(cwd, "ran")));
  t.equal(await ours.text(["log", "-1", "--format=%an"]), "A");
  t.equal(await ours.commitOf("--help"), undefined, "a name is never an option");
  await t.rejects(ours.run(["status"], { cwd: "/nonexistent/x" }), { code: "GIT_FAILED", message: /is not there/ });
  await t.rejects(new Git({ cwd, clock: new FakeClock(), env: { PATH: "/nonexistent" } }).run(["status"]), {
    code: "GIT_FAILED",
    message: /cannot be started/,
  });
});

t.test("what git says is named, with what to do, and without secrets", async (t) => {
  const error = (stderr: string) => gitError(["fetch", "origin"], "/town/shop", { code: 128, stdout: "", stderr });
  t.match(error("fatal: write error: No space left on device"), {
    code: "STATE_UNWRITABLE",
    message: /\/town\/shop: fatal: write error/,
    hint: /full/,
  });
  t.match(error("fatal: could not read Username for 'https://x': terminal prompts disabled"), { hint: /who you are/ });
  t.match(error("git@x: Permission denied (publickey).\nfatal: Could not read from remote repository."), {
    hint: /[Ss]sh/,
  });
  t.match(error("fatal: transport 'ext' not allowed"), { hint: /file, https/ });
  t.match(error("error: cannot open /x: Permission denied"), { code: "STATE_UNWRITABLE", hint: /owns/ });
  t.match(error(""), { code: "GIT_FAILED", message: /code 128/ });
  const secret = error("fatal: unable to access 'https://anna:s3cret-word@example.org/x.git/': x");
  t.notMatch(JSON.stringify([secret.message, secret.toShape()]), /s3cret-word/);
  t.match(secret.message, /https:\/\/\*\*\*@example\.org/);
  t.equal(maskUrls("see ssh://git:pw@h/x and https://h/y"), "see ssh://***@h/x and https://h/y");
  t.equal(maskUrls("https://a:p@ss@h/x"), "https://***@h/x");
});

t.test("addresses: what is taken, what is kept apart, what is refused", async (t) => {
  const base = directoryOf(t);
  mkdirSync(path.join(base, "repo"));
  for (const given of ["repo", "./repo", path.join(base, "repo"), `file://${base}/repo`]) {
    t.same(parseOrigin(given, base), { url: path.join(base, "repo") }, given);
  }
  for (const given of [
    "https://example.org/x.git",
    "ssh://git@example.org/x",
    "git://h/x",
    "git@example.org:x/y.git",
  ]) {
    t.same(parseOrigin(given, base), { url: given });
  }
  t.same(parseOrigin("https://to%20ken@example.org/x", base), {
    url: "https://example.org/x",
    credential: { user: "to ken", password: "" },
  });
  for (const given of [
    ...["", "-x", "--upload-pack=id", "ext::id", "http://h/x", "ftp://h/x", "https://h/x?token=1", "https://h/x#y"],
    ...["ssh://a:pw@h/x", "ssh://-oProxyCommand=id/x", "-oX@h:x", "h:-x", "a b", "nothing-here", "x\ny"],
  ]) {
    t.throws(() => parseOrigin(given, base), { code: "INPUT_INVALID" }, given);
  }
});

t.test("lanes run what belongs together one after another, also after a failure", async (t) => {
  const lanes = new Lanes();
  const order: string[] = [];
  const step =
    (name: string, fails = false) =>
    async () => {
      order.push(`${name}>`);
      await Promise.resolve();
      order.push(`<${name}`);
      if (fails) throw new TypeError(name);
    };
  const all = [lanes.run("x", step("a", true)), lanes.run("x", step("b")), lanes.run("y", step("c"))];
  await t.rejects(all[0] as Promise<void>);
  await lanes.settled();
  t.ok(order.indexOf("<a") < order.indexOf("b>"));
  t.ok(order.indexOf("c>") < order.indexOf("<a"));
});
