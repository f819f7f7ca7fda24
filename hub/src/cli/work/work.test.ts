import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

interface Shown {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly priority: number;
  readonly blocked_by?: readonly { readonly id: string }[];
  readonly [more: string]: unknown;
}

/** The command line beside a state directory without a hub. */
function desk(t: Test) {
  const home = temporaryHome((fn) => t.teardown(fn));
  const env = { BARNACLE_ACTOR: "anna" };
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env }));
  const json = async <T>(...argv: string[]): Promise<T> => {
    const { code, out, err } = await cli(...argv, "--json");
    if (code !== 0) throw new TypeError(`${argv.join(" ")}: ${err}`);
    return JSON.parse(out) as T;
  };
  return { home, cli, json };
}

t.test(
  "R6 beads from the command line without a hub: every everyday command, its JSON and its exit code",
  async (t) => {
    const { home, cli, json } = desk(t);
    t.match(await cli("bead", "list"), { code: 1, err: /holds no store/ });
    const gate = await json<Shown>(
      "bead",
      "create",
      "Fix the gate",
      "-p",
      "P0",
      "-l",
      "garden,noise",
      "--due",
      "2026-12-24",
    );
    t.match(gate, { status: "open", priority: 0, created_by: "anna", labels: ["garden", "noise"], issue_type: "task" });
    const epic = await json<Shown>("bead", "create", "Garden", "-t", "epic", "--metadata", '{"year":2026}', "-e", "90");
    const { out: silent } = await cli("bead", "create", "Paint it", "--deps", gate.id, "--parent", epic.id, "--silent");
    const paint = silent.trim();
    t.equal(paint, `${epic.id}.1`);
    t.same(
      (await json<Shown[]>("ready")).map(({ id }) => id),
      [gate.id, epic.id],
    );
    t.same((await json<Shown[]>("bead", "ready", "--limit", "1")).length, 1);
    t.same(
      (await json<Shown[]>("ready", "--limit", "0", "-t", "task")).map(({ id }) => id),
      [gate.id],
    );
    t.match(await json("bead", "blocked"), [{ id: paint, blocked_by: [{ id: gate.id }], blocked_by_count: 1 }]);
    t.match(await json("ready", "--explain"), { summary: { total_ready: 2, total_blocked: 1, cycle_count: 0 } });
    t.match(await json("bead", "show", gate.id.slice(3)), [{ id: gate.id, dependents: [{ id: paint }] }]);
    t.match((await cli("bead", "show", paint)).out, /waits +it waits for/);
    t.match((await cli("bead", "show", paint, "--short")).out, new RegExp(`^${paint}  P2 open  Paint it\n$`));

    t.match(await json("bead", "claim", gate.id, "--as", "ben", "--lease", "10m"), {
      assignee: "ben",
      status: "in_progress",
    });
    t.match(await cli("bead", "claim", gate.id), { code: 1, out: "", err: /already claimed by ben/ });
    t.match(JSON.parse((await cli("bead", "claim", gate.id, "--json")).err), {
      error: { code: "BEAD_NOT_CLAIMABLE", message: /ben/, hint: /./ },
    });
    t.match(await json("bead", "heartbeat", gate.id, "--as", "ben"), { id: gate.id });
    t.match(await json("bead", "release", gate.id, "--as", "ben"), [{ status: "open" }]);
    t.match(await json("bead", "claim", "--next"), { id: gate.id, assignee: "anna" });
    t.match(await json("bead", "fail", gate.id, "no", "oil"), { attempts: 1, notes: "attempt 1 by anna: no oil" });
    t.match(await json("ready", "--claim", "-t", "task"), [{ id: gate.id }]);
    t.match((await cli("ready", "--claim", "-t", "bug")).out, /nothing is ready/);
    t.match(await cli("bead", "claim"), { code: 2, err: /expected an id, or --next/ });

    t.match(
      await json(
        "bead",
        "update",
        gate.id,
        "--title",
        "Oil the gate",
        "--add-label",
        "oil",
        "--remove-label",
        "noise",
        "--set-metadata",
        "k=v",
      ),
      [{ title: "Oil the gate", labels: ["garden", "oil"], metadata: { k: "v" } }],
    );
    t.match(await json("bead", "update", gate.id, "--append-notes", "left hinge", "--due", ""), [
      { notes: /left hinge$/, due_at: undefined },
    ]);
    t.match(await json("bead", "comment", gate.id, "it", "squeaks"), { comment_count: 1 });
    t.match(await json("bead", "comments", gate.id), [{ author: "anna", text: "it squeaks" }]);
    t.match(await json("bead", "label", "add", "urgent", gate.id), [{ labels: ["garden", "oil", "urgent"] }]);
    t.match(await json("bead", "label", "list"), [
      { label: "garden", count: 1 },
      { label: "oil" },
      { label: "urgent" },
    ]);
    t.match(await json("bead", "list", "-l", "garden"), [{ id: gate.id }]);
    t.match(await json("bead", "list", "--status", "in_progress", "-a", "anna"), [{ id: gate.id }]);
    t.match(await json("bead", "search", "squeak*"), [{ id: gate.id }]);
    t.match(await json("bead", "query", "type = epic AND metadata.year = 2026"), [{ id: epic.id }]);
    t.match(await json("bead", "children", epic.id), [{ id: paint }]);
    t.match(await json("bead", "count", "--by", "type"), { count: 3, by: { epic: 1, task: 2 } });
    t.same(await json("bead", "stale"), []);
    t.match(await json("bead", "stats"), { total_issues: 3, in_progress_issues: 1 });

    t.match(await json("bead", "dep", "add", epic.id, "--blocked-by", "external:shop:paint"), {
      status: "added",
      blocked_id: epic.id,
      type: "blocks",
    });
    t.match(await json("bead", "dep", "remove", epic.id, "external:shop:paint"), { status: "removed" });
    t.match(await cli("bead", "dep", "add", gate.id, paint), { code: 1, err: /BEAD_CYCLE/ });
    t.match(await json("bead", "dep", "list", paint), [{ id: epic.id }, { id: gate.id }]);
    t.match(await json("bead", "dep", "tree", gate.id, "--up"), [
      { id: gate.id, depth: 0 },
      { id: paint, depth: 1 },
    ]);
    t.same(await json("bead", "dep", "cycles"), []);

    t.match(await cli("bead", "close", epic.id), { code: 1, err: /1 of its children are open/ });
    const closed = await cli("bead", "close", gate.id, "hq-none", "-r", "Oiled", "--json");
    t.match(closed, { code: 0, err: /no bead has the id hq-none/ });
    t.match(JSON.parse(closed.out), [{ id: gate.id, close_reason: "Oiled" }]);
    t.match(await json("bead", "close", paint, "--suggest-next", "--claim-next"), {
      closed: [{ id: paint }],
      next: [],
      claimed: { id: epic.id },
    });
    t.match(await json("bead", "epics", "--eligible-only"), [
      { epic: { id: epic.id }, total_children: 1, eligible_for_close: true },
    ]);
    t.match(await json("bead", "reopen", paint, "-r", "drips"), [{ status: "open", comment_count: 1 }]);
    t.match(await json("bead", "defer", paint, "--until", "+1w"), [{ status: "deferred" }]);
    t.match(await json("bead", "undefer", paint), [{ status: "open" }]);
    t.match(await json("bead", "delete", paint), { would_delete: [paint] });
    t.match(await json("bead", "delete", paint, "--force", "-r", "no"), { deleted: [paint] });

    const timer = await json<Shown>("bead", "create", "Dry", "-t", "gate", "--await", "timer", "--timeout", "1h");
    t.match(timer, { await_type: "timer", timeout: 3_600_000_000_000 });
    t.match(await json("bead", "gates", "--dry-run"), [{ id: timer.id, state: "open" }]);
    t.match(await json("bead", "create", "x", "--dry-run"), { title: "x" });

    const file = path.join(home, "batch.txt");
    writeFileSync(file, `# two\ncreate "first of two" priority=1\nclose ${timer.id} no\n`);
    t.match(await cli("bead", "batch", file), { code: 1, err: /line 3: .*has not come/ });
    writeFileSync(
      file,
      `create "first of two" priority=1 labels=a,b\nupdate ${epic.id} priority=3\ndep add ${epic.id} ${paint} related\n`,
    );
    t.match(await json("bead", "batch", file), {
      done: [{ op: "create" }, { op: "update", id: epic.id }, { op: "dep add" }],
    });

    const events = await json<{ seq: number; kind: string; who: string }[]>("bead", "events", gate.id);
    t.match(
      events.map(({ kind }) => kind),
      ["created", "claimed", "released", "claimed", "attempt_failed", "claimed"],
    );
    t.equal((await json<object[]>("bead", "events", "--after", "0", "--limit", "2")).length, 2);

    for (const argv of [
      ["bead", "create"],
      ["bead", "create", "x", "--metadata", "{"],
      ["bead", "create", "x", "--timeout", "soon"],
      ["bead", "list", "--limit", "many"],
      ["bead", "claim", gate.id, "--lease", "soon"],
      ["bead", "update", gate.id, "--set-metadata", "k"],
      ["bead", "dep", "add", gate.id],
      ["bead", "comment", gate.id],
      ["bead", "nonsense"],
    ]) {
      t.match(await cli(...argv), { code: 2, out: "" }, argv.join(" "));
    }
    t.match(await cli("bead", "create", "x", "--body-file", path.join(home, "none")), {
      code: 1,
      err: /FILE_UNREADABLE/,
    });
    t.match(await cli("bead", "create", "x", "-p", "9"), { code: 1, err: /priority: expected 0/ });
  },
);

t.test(
  "R3.4 import and export by command, byte for byte, again without a change; the figures of both files",
  async (t) => {
    for (const [name, ready, blocked, first] of [
      ["issues-real.jsonl", 60, 11, "bd-jvwjr"],
      ["issues-real-export2.jsonl", 13, 154, "offlinebrew-3d0"],
    ] as const) {
      const { home, cli, json } = desk(t);
      const file = path.join(import.meta.dirname, "../../../../test/fixtures/beads", name);
      const text = readFileSync(file, "utf8");
      t.match(await json("bead", "import", file), { created: text.trimEnd().split("\n").length, problems: [] });
      const { code, out } = await cli("bead", "export");
      t.equal(code, 0);
      t.ok(out === text, "the same bytes");
      const copy = path.join(home, "copy.jsonl");
      await cli("bead", "export", "-o", copy);
      t.ok(readFileSync(copy, "utf8") === text);
      t.match(await json("bead", "import", file), { created: 0, updated: 0 });
      const listed = await json<Shown[]>("ready", "--limit", "0");
      t.match([listed.length, listed[0]?.id], [ready, first]);
      t.equal((await json<Shown[]>("bead", "blocked")).length, blocked);
      t.same(await json<Shown[]>("bead", "list", "--ready", "--limit", "0"), listed, "one definition");
      writeFileSync(copy, "nonsense\n");
      t.match(await cli("bead", "import", copy), { code: 1, out: /line 1: not JSON/ });
    }
  },
);
