import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

interface Convoy {
  readonly id: string;
  readonly [more: string]: unknown;
}

function desk(t: Test) {
  const home = temporaryHome((fn) => t.teardown(fn));
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } }));
  const json = async <T>(...argv: string[]): Promise<T> => {
    const { code, out, err } = await cli(...argv, "--json");
    if (code !== 0) throw new TypeError(`${argv.join(" ")}: ${err}`);
    return JSON.parse(out) as T;
  };
  const bead = async (...argv: string[]) => (await json<Convoy>("bead", "create", ...argv)).id;
  return { home, cli, json, bead };
}

t.test("R6 convoys from the command line without a hub: every command, its JSON and its exit code", async (t) => {
  const { cli, json, bead } = desk(t);
  t.match(await cli("convoy", "list"), { code: 1, err: /holds no store/ });
  const epic = await bead("Garden", "-t", "epic");
  const dig = await bead("Dig", "--parent", epic);
  const sow = await bead("Sow", "--parent", epic, "--deps", dig);
  const made = await json<Convoy>(
    "convoy",
    "create",
    "Beds",
    dig,
    "--watcher",
    "ben",
    "--merge",
    "mr",
    "--key",
    "beds",
  );
  t.match(made.id, /^hq-cv-[0-9a-z]{5}$/);
  t.equal((await json<Convoy>("convoy", "create", "Beds", dig, "--key", "beds")).id, made.id);
  t.match(await json("convoy", "list"), [
    {
      ...{ id: made.id, title: "Beds", status: "open", created_at: /Z$/, completed: 0, total: 1, percent: 0 },
      tracked: [
        {
          ...{ id: dig, title: "Dig", status: "open", dependency_type: "tracks", issue_type: "task", blocked: false },
          ...{ assignee: "", labels: [], worker: "", worker_age: 0 },
        },
      ],
    },
  ]);
  t.match(await json("convoy", "status", made.id.slice(6)), {
    ...{ id: made.id, owned: false, lifecycle: "system-managed", merge_strategy: "mr", completed: 0, total: 1 },
    ...{ owner: "anna", watchers: ["ben"], state: "ready" },
  });
  t.match(await json("convoy", "add", made.id, sow), { total: 2 });
  t.match(await json("convoy", "stranded"), [
    { id: made.id, title: "Beds", tracked_count: 2, ready_count: 1, ready_issues: [dig], base_branch: "" },
  ]);
  const { out: silent } = await cli("convoy", "create", "Shop", "--depends-on", made.id, "--silent");
  const shop = silent.trim();
  t.match(await json("convoy", "status", shop), { state: "waiting", depends_on: [made.id], waits_for: [made.id] });
  t.match(await cli("convoy", "depend", made.id, "--on", shop), { code: 1, err: /BEAD_CYCLE/ });
  t.match(await cli("convoy", "list", "--tree"), { code: 0, out: new RegExp(`· ${sow} {2}open \\(blocked\\)`) });
  t.match(await cli("convoy", "status", made.id), { out: /state +ready \(open\)[\s\S]*done +0\/2 0%/ });
  t.match(await json("convoy", "watch", made.id), { watchers: ["ben", "anna"] });
  t.match(await json("convoy", "watch", made.id, "--nudge", "--addr", "mayor"), { nudge_watchers: ["mayor/"] });
  t.match(await json("convoy", "unwatch", made.id, "--addr", "ben"), { watchers: ["anna"] });
  t.match(await cli("convoy", "close", made.id), { code: 1, err: /2 of 2 are open/ });
  t.match(await cli("convoy", "land", made.id, "--dry-run"), {
    code: 1,
    out: /does not land: .*\n {2}2 of 2 are open/,
  });
  await cli("bead", "close", dig, sow);
  t.match(await json("convoy", "check", "--dry-run"), { checked: [{ id: made.id, landed: true }, { id: shop }] });
  t.match(await json("convoy", "check"), { checked: [{ id: made.id, landed: true }, { landed: false }], knots: [] });
  t.match(await json("convoy", "landings", made.id), [{ number: 1, who: "anna", evidence: { mailed: ["anna"] } }]);
  t.match(await cli("convoy", "land", made.id), { code: 0, out: /was closed before/ });
  t.match(await json("convoy", "reopen", made.id, "-r", "weeds"), { status: "open" });
  t.match(await json("convoy", "remove", made.id, sow), { total: 1 });
  t.match(await json("convoy", "land", made.id), { landed: true, status: "closed", landings: 2 });
  t.match(await json("convoy", "close", shop, "-f", "-r", "sold"), { status: "closed", close_reason: "sold" });
  t.same(await json("convoy", "list"), []);
  t.equal((await json<object[]>("convoy", "list", "--all")).length, 2);
  t.match(await json("convoy", "list", "--bead", dig), [{ id: made.id }]);

  const paint = await bead("Paint", "--parent", epic);
  const staged = await json<{ convoy_id: string; validation_bead_id: string }>(
    "convoy",
    "stage",
    epic,
    "--title",
    "All",
  );
  t.match(staged, {
    ...{ status: "staged_warnings", restaged: false, errors: [], gated: [] },
    warnings: [{ category: "closed", bead_ids: [dig, sow], suggested_fix: /./ }],
    waves: [
      { number: 1, tasks: [{ id: paint }] },
      { number: 2, tasks: [{ blocked_by: [paint] }] },
    ],
  });
  t.match(await cli("convoy", "launch", staged.convoy_id), { code: 1, err: /--force/ });
  t.match(await json("convoy", "launch", staged.convoy_id, "--force"), { status: "open", fed: [] });
  t.match(await cli("convoy", "stage", staged.convoy_id), { code: 1, err: /from open to staged_ready/ });
  t.match(await cli("convoy", "stage", "hq-none"), { code: 1, out: /not staged\n {2}unknown: / });
  t.match(await cli("convoy", "stage", await bead("Alone"), "--launch"), { code: 0, out: /wave 1/ });
  t.match(JSON.parse((await cli("convoy", "status", dig, "--json")).err), {
    error: { code: "CONVOY_REFUSED", message: /is no convoy/, hint: /./ },
  });
  for (const argv of [["create"], ["add", "x"], ["depend", "x"], ["stage"], ["nonsense"], ["list", "--nonsense"]]) {
    t.match(await cli("convoy", ...argv), { code: 2, out: "" }, argv.join(" "));
  }
});

t.test("B2 files of older stores by command: what would be done, then done, then nothing more", async (t) => {
  const { home, cli, json } = desk(t);
  const old = path.join(home, "old");
  t.match(await cli("convoy", "migrate", old), { code: 1, err: /FILE_UNREADABLE/ });
  mkdirSync(old);
  t.match(await cli("convoy", "migrate", old), { code: 1, err: /holds no files of an older store/ });
  const times = { created_at: "2026-01-28T09:00:00+00:00", updated_at: "2026-01-28T10:00:00+00:00" };
  const bead = { id: "b-1", bead_type: "task", status: "running", title: "Dig", claimed_by: "ben", ...times };
  const convoy = { id: "cv-1", title: "Beds", bead_ids: ["b-1"], status: "active", ...times };
  writeFileSync(path.join(old, "convoys.jsonl"), `${JSON.stringify(convoy)}\n`);
  writeFileSync(path.join(old, "beads.jsonl"), `${JSON.stringify(bead)}\n`);
  writeFileSync(path.join(old, "index.json"), "{}");
  await cli("bead", "create", "so that there is a store");
  t.match(await json("convoy", "migrate", old, "--dry-run"), {
    dryRun: true,
    migrated: [{ id: "b-1" }, { id: "cv-1" }],
  });
  t.same(await json("convoy", "list"), []);
  t.match(await cli("convoy", "migrate", old), {
    code: 0,
    out: /1 beads and 1 convoys taken in, 0 are here since before/,
  });
  t.match(await json("convoy", "status", "cv-1"), { state: "active", tracked: [{ id: "b-1", worker: "ben" }] });
  t.match(await json("convoy", "migrate", old), { migrated: [], known: [{ id: "b-1" }, { id: "cv-1" }] });
  writeFileSync(path.join(old, "more.jsonl"), "{");
  t.match(await cli("convoy", "migrate", old), { code: 1, out: /more\.jsonl:1: not JSON/ });
});
