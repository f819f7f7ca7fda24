import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { MergeRequest } from "../../hub/src/refinery/index.ts";
import { commit, git, originIn } from "../../hub/src/rigs/testing.ts";
import { House } from "../support/house.ts";

t.setTimeout(240_000);

interface Thing {
  readonly id: string;
  readonly [more: string]: unknown;
}

t.test(
  "work handed in by command line is merged or sent back by a hub, also over its death, and taken back",
  async (t) => {
    const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-mq-")));
    const house = new House(dir);
    t.teardown(async () => {
      await house.close();
      rmSync(dir, { recursive: true, force: true });
    });
    await house.startHub();
    const { bare } = originIn(dir);
    const cli = async <T>(...args: string[]): Promise<T> => {
      const { code, json, stderr } = await house.cli(...args);
      if (code !== 0) throw new TypeError(`${args.join(" ")}: ${stderr}`);
      return json as T;
    };
    const subjects = () => git(bare, "log", "--reverse", "--format=%s", "main").split("\n").slice(1);
    const settled = (id: string, fits: (request: MergeRequest) => boolean): Promise<MergeRequest> =>
      house.eventually("the request", async () => {
        const { result } = await house.call<{ result: MergeRequest }>("mergequeue.show", { id });
        return fits(result) ? result : undefined;
      });
    await cli("workspace", "init", path.join(dir, "town"));
    await cli("rig", "add", "shop", bare);
    await cli("rig", "config", "set", "shop", "merge_queue.batch_wait", "0s");
    const go = path.join(dir, "go");
    // It waits for a file, so that the hub can be killed meanwhile.
    const command = `if [ -f slow ]; then while [ ! -e ${go} ]; do sleep 0.1; done; fi; ! ls *.bad 2>/dev/null`;
    await cli("rig", "config", "set", "shop", "merge_queue.test_command", command);

    /** What a worker does, from the bead to the request. */
    const work = async (name: string, file: string): Promise<{ bead: string; id: string; branch: string }> => {
      const bead = (await cli<Thing>("bead", "create", `Work of ${name}`, "--prefix", "sh")).id;
      const agent = `shop/polecats/${name}`;
      const place = await cli<{ path: string; branch: string }>("worktree", "acquire", agent, "--bead", bead);
      commit(place.path, `${name}: work`, { [file]: "x\n" });
      const more = ["--rig", "shop", "--bead", bead, "--worker", agent];
      const { id } = await cli<Thing>("mq", "submit", place.branch, ...more);
      t.equal((await cli<Thing>("mq", "submit", place.branch, ...more)).id, id, "again: the same request");
      return { bead, id, branch: place.branch };
    };

    const good = await work("good", "good.txt");
    const merged = await settled(good.id, ({ state }) => state === "closed");
    t.match(merged, {
      close_reason: "merged",
      merge_commit: git(bare, "rev-parse", "main"),
      worker: "shop/polecats/good",
    });
    t.match(await cli("bead", "show", good.bead), [
      { status: "closed", close_reason: `Merged in ${merged.merge_commit}` },
    ]);
    t.match(await cli("mq", "status", good.id), {
      merge: { commits: [{ subject: "good: work" }], gates: [{ exitCode: 0 }] },
    });

    const bad = await work("bad", "broken.bad");
    await settled(bad.id, ({ rework }) => rework !== undefined);
    t.same(subjects(), ["good: work"]);
    t.match(await cli("mq", "list", "shop"), [{ id: bad.id, retry_count: 1, rework: { text: /broken\.bad/ } }]);
    t.same((await house.cli("mq", "next", "shop")).code, 1, "nothing is ready");
    t.match(await cli("bead", "show", bad.bead), [{ status: "open", attempts: 1 }]);
    t.match(await cli("bead", "list", "--type", "message", "--assignee", "shop/polecats/bad", "--all"), [
      { title: `REWORK_REQUEST ${bad.branch}` },
    ]);

    const slow = await work("slow", "slow");
    await settled(slow.id, ({ state }) => state === "in_progress");
    house.hub?.child.kill("SIGKILL");
    await house.hub?.exited;
    t.match(await cli("refinery", "status", "shop"), [{ state: "processing", inFlight: 1 }], "read without a hub");
    writeFileSync(go, "");
    await house.startHub();
    await settled(slow.id, ({ state }) => state === "closed");
    t.same(subjects(), ["good: work", "slow: work"], "taken up by itself");

    t.match(await cli("mq", "rollback", good.bead, "-r", "it squeaks"), { kind: "rollback", outcome: "merged" });
    t.match(subjects().at(-1), 'Revert "good: work"');
    t.match(await cli("bead", "show", good.bead), [{ status: "open" }]);
    t.match(await house.cli("mq", "rollback", good.bead), { code: 1, stderr: /CONFLICT/ });
    t.match(await cli("refinery", "stop", "shop"), { state: "stopped" });
    const late = await work("late", "late.txt");
    t.match(await cli("mq", "reject", late.id, "-r", "not wanted"), { state: "closed", close_reason: "rejected" });
    t.match(await cli("refinery", "start", "shop"), { state: "idle", pending: 0 });
    t.same(subjects().length, 3);
    t.match(await cli("mq", "list", "shop", "--merged"), [
      { source: slow.bead },
      { source: good.bead, rolledBackBy: /./ },
    ]);
    t.ok(existsSync(path.join(dir, "town", "shop", "refinery")), "its worktree is kept");
    t.same(
      (await cli<{ path?: string }[]>("worktree", "orphans")).filter((one) => one.path?.endsWith("/refinery")),
      [],
      "and nobody calls it lost",
    );
  },
);
