import t from "tap";
import { rowsOf } from "../beads/testing.ts";
import { testConvoys } from "../convoys/testing.ts";
import { migrate, type OldFile, previewMigration } from "./index.ts";
import { convoyToLegacy } from "./words.ts";

const AT = "2026-01-28T09:00:00.123456+00:00";
const LATER = "2026-01-28T10:00:00.654321+00:00";
const UUID = "0b6f2d60-7f4e-4e0e-9d6c-1f6b1d6a0001";

function storeBead(id: string, status: string, more: object = {}) {
  return {
    ...{ id, bead_type: "task", status, title: `bead ${id}`, description: "d", created_at: AT, updated_at: LATER },
    ...{ claimed_by: null, claimed_at: null, completed_at: null, parent_id: null, dependencies: [], priority: 50 },
    ...{ tags: [], metadata: {}, error_message: null, attempt_count: 0, max_attempts: 3, ...more },
  };
}

function storeConvoy(id: string, status: string, bead_ids: string[], more: object = {}) {
  return {
    ...{ id, title: `convoy ${id}`, description: "", bead_ids, status, created_at: AT, updated_at: LATER },
    ...{ started_at: null, completed_at: null, assigned_to: ["claude-001"], priority: 75, dependencies: [] },
    ...{ parent_id: null, tags: ["old"], metadata: {}, error_message: null, ...more },
  };
}

const lines = (name: string, ...records: (object | string)[]): OldFile => ({
  name,
  text: records.map((one) => `${typeof one === "string" ? one : JSON.stringify(one)}\n`).join(""),
});

/** Store: beads, event log, convoys. */
const STORE = [
  lines(
    "beads.jsonl",
    storeBead(UUID, "pending", { bead_type: "issue", priority: 0 }),
    storeBead("b-claimed", "claimed", { claimed_by: "claude-001", claimed_at: LATER, priority: 100, tags: ["x"] }),
    storeBead("b-running", "pending"),
    storeBead("b-running", "running", { claimed_by: "claude-002", dependencies: [UUID], attempt_count: 1 }),
    storeBead("b-done", "completed", { completed_at: LATER, bead_type: "debate_decision", parent_id: "b-epic" }),
    storeBead("b-epic", "blocked", { bead_type: "epic", metadata: { color: "red" } }),
    storeBead("b-failed", "failed", { error_message: "no oil", completed_at: LATER }),
    storeBead("b-off", "cancelled"),
  ),
  lines(
    "convoys.jsonl",
    storeConvoy("cv-old1", "active", ["b-claimed", "b-running"], { dependencies: ["cv-old2"] }),
    storeConvoy("cv-old2", "completed", ["b-done"], { completed_at: LATER, dependencies: ["cv-old1"] }),
    storeConvoy("cv-old3", "partial", ["b-done", "b-failed"], { parent_id: "cv-old1" }),
  ),
  lines("events.jsonl", {
    ...{ event_id: "e1f2a3b4", bead_id: "b-claimed", event_type: "claimed", timestamp: LATER, agent_id: "claude-001" },
    ...{ old_status: "pending", new_status: "claimed", data: {} },
  }),
];

/** A workspace: one file for each convoy, appended to; times in seconds. */
const WORKSPACE = [
  lines(
    "cv-ab12c.jsonl",
    workspaceBead("bd-1a2b3", "pending"),
    workspaceBead("bd-4d5e6", "assigned", { assigned_agent: "ben", depends_on: ["bd-1a2b3"] }),
    workspaceBead("bd-1a2b3", "done", { completed_at: 1769595000.25, result: { ok: true }, git_ref: "abc" }),
    workspaceBead("bd-7f8a9", "skipped"),
    `{"bead_id":"bd-torn`,
  ),
];

function workspaceBead(bead_id: string, status: string, more: object = {}) {
  return {
    ...{ bead_id, convoy_id: "cv-ab12c", workspace_id: "default", title: `work ${bead_id}`, description: "", status },
    ...{
      assigned_agent: null,
      payload: {},
      result: null,
      error: null,
      created_at: 1769590800.5,
      updated_at: 1769594400,
    },
    ...{ started_at: null, completed_at: null, git_ref: null, depends_on: [], metadata: {}, ...more },
  };
}

/** The extension: convoys without beads, in the store's file with its words in the metadata, or as its own records. */
const EXTENSION = [
  lines(
    "convoys.jsonl",
    storeConvoy("5c1e0f5e-1111-4e0e-9d6c-1f6b1d6a0002", "failed", [], {
      metadata: {
        ...{ workspace_id: "gastown", rig_id: "rig-1", workspace_status: "failed", gastown_status: "blocked" },
        ...{ block_reason: "rain", handoffs: [{ from: "a", to: "b" }], depends_on: ["gh-12"], artifacts: ["art-1"] },
      },
    }),
  ),
  {
    name: "convoys.json",
    text: JSON.stringify({
      convoys: {
        x: {
          ...{
            id: "ext-1",
            rig_id: "rig-1",
            title: "Review it",
            status: "review",
            created_at: "2026-01-28T09:00:00.5",
          },
          ...{ issue_ref: "gh-12", parent_convoy: null, depends_on: [], assigned_agents: ["a"], current_agent: "a" },
          ...{ handoff_count: 2, artifacts: [], result: {}, error: null, priority: 3, tags: [], metadata: { k: "v" } },
        },
      },
    }),
  },
];

t.test("B2 the store's layout: every field has its place, words and ids stay, again nothing changes", async (t) => {
  const { convoys, beads, store, told } = await testConvoys(t);
  const empty = rowsOf(store);
  const preview = previewMigration(store, STORE);
  t.same(rowsOf(store), empty, "a dry run changes nothing");
  const run = () => convoys.write("anna", (writer) => migrate(writer.beads, STORE));
  const report = await run();
  t.same({ ...report, dryRun: true }, preview, "and says what happens");
  t.match(report, {
    dryRun: false,
    files: [{ name: "beads.jsonl", beads: 7 }, { name: "convoys.jsonl", convoys: 3 }, { events: 1 }],
    ...{ known: [], renamed: [], problems: [], dropped: [{ id: "cv-old2", on: "cv-old1" }] },
  });
  t.same(
    report.migrated.map(({ id, word, status }) => `${id} ${word} ${status}`),
    [
      ...[`${UUID} pending open`, "b-claimed claimed hooked", "b-running running in_progress"],
      ...["b-done completed closed", "b-epic blocked blocked", "b-failed failed closed", "b-off cancelled closed"],
      ...["cv-old1 active open", "cv-old2 completed closed", "cv-old3 partial closed"],
    ],
  );
  t.match(beads.reads.get(UUID), {
    issue_type: "task",
    priority: 3,
    created_at: AT,
    updated_at: LATER,
    description: "d",
  });
  t.match(beads.reads.get("b-claimed"), {
    ...{ assignee: "claude-001", priority: 0, labels: ["x"], started_at: LATER, max_attempts: 3 },
    comments: [{ id: "e1f2a3b4", author: "claude-001", text: "claimed (pending → claimed)", created_at: LATER }],
  });
  t.match(beads.reads.get("b-running"), { attempts: 1, dependencies: [{ depends_on_id: UUID, type: "blocks" }] });
  t.match(beads.reads.get("b-done"), { issue_type: "decision", parent: "b-epic", closed_at: LATER });
  t.match(beads.reads.get("b-epic"), {
    issue_type: "epic",
    metadata: { color: "red", legacy: { words: { store: "blocked" } } },
  });
  t.match(beads.reads.get("b-failed"), { close_reason: "Failed: no oil" });
  await convoys.settled();
  t.match(convoys.get("cv-old1"), {
    ...{
      status: "open",
      total: 4,
      completed: 2,
      depends_on: ["cv-old2"],
      waits_for: [],
      children: ["cv-old3"],
      created_at: AT,
    },
    tracked: [{ id: "b-claimed", worker: "claude-001" }, { id: "b-running" }],
  });
  t.match(convoys.get("cv-old2"), { status: "closed", closed_at: LATER, landings: 0, percent: 100 });
  for (const [id, word] of [
    ["cv-old1", "active"],
    ["cv-old2", "completed"],
    ["cv-old3", "partial"],
  ] as const) {
    t.equal(convoyToLegacy("store", convoys.reads.need(id)), word);
  }
  t.same(
    beads.reads.ready().map(({ id }) => id),
    [UUID],
    "convoys are no work",
  );
  const rows = rowsOf(store);
  const again = await run();
  t.match(again, { migrated: [], known: report.migrated.map(({ from, id }) => ({ from, id })) });
  t.same(rowsOf(store), rows);
  await beads.write("anna", (writer) => writer.closing.close(UUID));
  await run();
  t.equal(beads.reads.get(UUID).status, "closed", "what was done since stays");
  t.notOk(told.some(({ kind }) => kind === "landed"));
});

t.test("B2 a workspace's layout: files of convoys, the last line of a bead counts, a torn one is named", async (t) => {
  const { convoys, beads } = await testConvoys(t);
  const taken = await beads.write("anna", (writer) => writer.create({ title: "mine", id: "bd-7f8a9" }));
  const report = await convoys.write("anna", (writer) => migrate(writer.beads, WORKSPACE));
  t.match(report, {
    files: [{ name: "cv-ab12c.jsonl", beads: 3, convoys: 0 }],
    renamed: [{ from: "bd-7f8a9", why: "a bead here has it" }],
    problems: [{ file: "cv-ab12c.jsonl", line: 5, problem: /not JSON/ }],
  });
  const renamed = report.renamed[0]?.id ?? "";
  t.match(beads.reads.get(taken.id), { title: "mine" });
  t.match(beads.reads.get(renamed), {
    status: "closed",
    close_reason: "Skipped",
    external_ref: "legacy:bead:bd-7f8a9",
  });
  t.match(beads.reads.get("bd-1a2b3"), {
    ...{ status: "closed", created_at: "2026-01-28T09:00:00.500Z", closed_at: "2026-01-28T10:10:00.250Z" },
    metadata: { legacy: { words: { workspace: "done" }, record: { git_ref: "abc", result: { ok: true } } } },
  });
  t.match(beads.reads.get("bd-4d5e6"), { status: "hooked", assignee: "ben" });
  t.match(convoys.get("cv-ab12c"), {
    ...{ status: "open", total: 3, completed: 2, created_at: "2026-01-28T09:00:00.500Z" },
    tracked: [{ id: "bd-1a2b3" }, { id: "bd-4d5e6" }, { id: renamed }],
  });
  t.equal(convoyToLegacy("workspace", convoys.reads.need("cv-ab12c")), "executing");
  t.match(await convoys.write("anna", (writer) => migrate(writer.beads, WORKSPACE)), {
    migrated: [],
    known: [{}, {}, { from: "bd-7f8a9", id: renamed }, { from: "cv-ab12c" }],
  });
});

t.test("B2 the extension's layout: its words win over those they were stored under", async (t) => {
  const { convoys, store } = await testConvoys(t);
  const report = await convoys.write("anna", (writer) => migrate(writer.beads, EXTENSION));
  t.match(report, {
    problems: [],
    migrated: [
      { word: "blocked", status: "open" },
      { id: "ext-1", word: "review" },
    ],
  });
  const [blocked] = report.migrated;
  const convoy = convoys.reads.need(blocked?.id ?? "");
  t.same(
    (["extension", "workspace", "store"] as const).map((set) => convoyToLegacy(set, convoy)),
    ["blocked", "executing", "active"],
  );
  t.match(convoy.metadata, {
    block_reason: "rain",
    artifacts: ["art-1"],
    legacy: { words: { store: "failed", extension: "blocked" } },
  });
  t.match(convoys.reads.need("ext-1"), {
    ...{ priority: 0, created_at: "2026-01-28T09:00:00.5Z" },
    metadata: { k: "v", legacy: { record: { issue_ref: "gh-12", handoff_count: 2 } } },
  });
  const bad = [
    lines("beads.jsonl", { id: "x-1", bead_type: "task", status: "finished", title: "x", created_at: AT }),
    lines("more.jsonl", { id: "x-2", bead_type: "task", title: "x", created_at: AT }, { nothing: 1 }, [1]),
    lines("issues.jsonl", { id: "x-3", title: "x", status: "open", issue_type: "task" }),
    { name: "convoys.json", text: "{" },
  ];
  t.match(previewMigration(store, bad).problems, [
    { file: "more.jsonl", line: 1, problem: /status: expected a text, found nothing/ },
    { file: "more.jsonl", line: 2, problem: /no bead, convoy or event of a known layout: it has nothing/ },
    { file: "more.jsonl", line: 3 },
    { file: "issues.jsonl", line: 1, problem: /barnacle bead import/ },
    { file: "convoys.json", line: 0, problem: /not JSON/ },
    { file: "x-1", problem: /"finished" is none of pending/ },
  ]);
});
