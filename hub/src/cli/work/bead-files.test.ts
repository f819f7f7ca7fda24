import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

const BIN = path.join(import.meta.dirname, "../../../bin/barnacle.mjs");

const line = (id: string, changes: object = {}) =>
  JSON.stringify({
    ...{ id, title: id, status: "open", priority: 2, issue_type: "task", created_at: "2026-11-01T00:00:00Z" },
    ...{ created_by: "anna", updated_at: "2026-11-01T00:00:00Z", ...changes },
  });

function desk(t: Test) {
  const home = temporaryHome((fn) => t.teardown(fn));
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } }));
  return { home, cli, file: path.join(home, "issues.jsonl") };
}

t.test("a file that holds what is not here is not written anew; imports say what they would do", async (t) => {
  const { cli, file } = desk(t);
  writeFileSync(file, `${line("hq-1")}\n${line("hq-2")}\n`);
  t.match(await cli("bead", "create", "here"), { code: 0 });
  t.match(JSON.parse((await cli("bead", "import", file, "--dry-run", "--json")).out), { created: 2 });
  t.match(JSON.parse((await cli("bead", "list", "--json")).out), [{ title: "here" }], "nothing was taken in");
  t.match(await cli("bead", "export", "-o", file), { code: 1, err: /holds 2 lines that are not here: hq-1 hq-2/ });
  t.equal((await cli("bead", "import", file)).code, 0);
  t.equal((await cli("bead", "export", "-o", file)).code, 0);
  t.equal(readFileSync(file, "utf8").trim().split("\n").length, 3);
  const newer = line("hq-1", { title: "changed elsewhere", updated_at: "2026-11-02T00:00:00Z" });
  writeFileSync(file, `${newer}\n${line("hq-2", { updated_at: "2026-10-01T00:00:00Z" })}\n<<<<<<< ours\n`);
  t.match(await cli("bead", "export", "-o", file), { code: 1, err: /2 lines that are not here: hq-1 <<<<<<</ });
  t.match(await cli("bead", "import", file), { code: 1, out: /1 updated, 0 unchanged, 1 older than here\n.*hq-2/ });
  t.equal((await cli("bead", "export", "-o", file, "--force")).code, 0);
  t.match(readFileSync(file, "utf8"), /changed elsewhere/);
  t.notOk(existsSync(`${file}.${process.pid}.new`));
});

t.test("git merges two branches of an issue file with the driver, the same from both sides", async (t) => {
  const { home, cli, file } = desk(t);
  const git = (...args: string[]) => {
    const identity = ["-c", "user.name=anna", "-c", "user.email=anna@example.org", "-c", "init.defaultBranch=main"];
    const { status, stderr, stdout } = spawnSync("git", [...identity, ...args], {
      cwd: home,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: home },
    });
    if (status !== 0) throw new TypeError(`git ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  };
  const commit = (text: string) => {
    writeFileSync(file, text);
    git("add", "-A");
    git("commit", "-q", "-m", "beads");
  };
  git("init", "-q");
  git("config", "merge.beads.driver", `${process.execPath} ${BIN} bead merge %O %A %B`);
  writeFileSync(path.join(home, ".gitattributes"), "issues.jsonl merge=beads\n");
  writeFileSync(path.join(home, ".gitignore"), ".cache\nstate\n");
  commit(`${line("hq-1")}\n`);
  git("checkout", "-q", "-b", "other");
  commit(`${line("hq-1", { assignee: "ben", updated_at: "2026-11-03T00:00:00Z" })}\n${line("hq-3")}\n`);
  git("checkout", "-q", "main");
  commit(`${line("hq-1", { priority: 0, updated_at: "2026-11-02T00:00:00Z" })}\n${line("hq-2")}\n`);
  git("checkout", "-q", "-b", "mirror");
  git("checkout", "-q", "main");
  git("merge", "-q", "-m", "one way", "other");
  const merged = readFileSync(file, "utf8");
  t.same(
    merged
      .trimEnd()
      .split("\n")
      .map((one) => JSON.parse(one)),
    [
      JSON.parse(line("hq-1", { priority: 0, assignee: "ben", updated_at: "2026-11-03T00:00:00Z" })),
      ...[JSON.parse(line("hq-2")), JSON.parse(line("hq-3"))],
    ],
  );
  git("checkout", "-q", "other");
  git("merge", "-q", "-m", "the other way", "mirror");
  t.equal(readFileSync(file, "utf8"), merged);
  writeFileSync(file, "nonsense\n");
  const bad = await cli("bead", "merge", file, file, file);
  t.match(bad, { code: 1, err: /base, line 1: not JSON/ });
  t.equal(readFileSync(file, "utf8"), "nonsense\n", "nothing is written");
});
