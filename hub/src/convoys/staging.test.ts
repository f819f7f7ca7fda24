import t from "tap";
import { type StageParams, stage } from "./staging.ts";
import { testConvoys } from "./testing.ts";

t.test(
  "an epic is staged in waves, with what is gated and a bead that checks the whole; launched it is handed out",
  async (t) => {
    const { convoys, add, slung, hands, close } = await testConvoys(t);
    const run = (params: StageParams) => convoys.write("anna", (writer) => stage(writer, params));
    const epic = await add({ title: "Garden", issue_type: "epic", priority: 1 });
    const inner = await add({ title: "Beds", issue_type: "epic", parent: epic });
    const dig = await add({ title: "Dig", parent: inner });
    const sow = await add({ title: "Sow", parent: inner, dependencies: [{ on: dig }] });
    const decide = await add({ title: "Which colour", issue_type: "decision", parent: epic });
    const paint = await add({ title: "Paint", issue_type: "chore", parent: epic, dependencies: [{ on: decide }] });
    const dry = await add({ title: "Dry", parent: epic, dependencies: [{ on: paint }] });
    const done = await add({ title: "Plan", parent: epic });
    await close(done);
    const staged = await run({ ids: [epic] });
    const validation = staged.validation_bead_id;
    t.match(staged, {
      ...{ status: "staged_warnings", restaged: false, errors: [] },
      warnings: [{ category: "closed", bead_ids: [done] }],
      waves: [
        { number: 1, tasks: [{ id: dig, title: "Dig", type: "task", rig: "", blocked_by: [] }] },
        { number: 2, tasks: [{ id: sow, blocked_by: [dig] }] },
      ],
      gated: [
        { id: paint, gated_by: [decide] },
        { id: dry, gated_by: [paint] },
        { id: validation, gated_by: [paint, dry] },
      ],
    });
    t.same(
      staged.tree.map(({ title, depth, slingable }) => [title, depth, slingable]),
      [
        ["Garden", 0, false],
        ["Beds", 1, false],
        ["Dig", 2, true],
        ["Sow", 2, true],
        ["Which colour", 1, false],
        ["Paint", 1, true],
        ["Dry", 1, true],
        ["Plan", 1, false],
        ["Validate: Garden", 1, true],
      ],
    );
    t.match(convoys.get(staged.convoy_id), { title: "Garden", state: "staged", total: 5, completed: 0 });
    t.same(convoys.stranded(), [], "not launched");
    const more = await add({ title: "Water", parent: inner });
    const again = await run({ ids: [epic], title: "The garden" });
    t.match(again, { convoy_id: staged.convoy_id, restaged: true, validation_bead_id: validation });
    t.match(convoys.get(staged.convoy_id), { title: "The garden", total: 6 });
    await t.rejects(
      convoys.write("anna", (writer) => writer.launch(staged.convoy_id)),
      { code: "CONVOY_REFUSED", message: /--force/ },
    );
    await convoys.write("anna", (writer) => writer.launch(staged.convoy_id, true));
    hands.room = 5;
    t.same(await convoys.feed(staged.convoy_id), [
      { bead: dig, agent: "ben" },
      { bead: more, agent: "ben" },
    ]);
    t.same(slung.length, 2);
    await t.rejects(run({ ids: [staged.convoy_id] }), { code: "CONVOY_REFUSED", message: /from open to staged_ready/ });
  },
);

t.test("what is unknown, rings and nothing at all make no convoy; what speaks against it is a warning", async (t) => {
  const rigs = {
    any: () => true,
    rigOf: (bead: string) => {
      const name = { sh: "shop", old: "attic" }[bead.split("-")[0] as string];
      return name === undefined ? undefined : { name, state: name === "attic" ? "parked" : "active" };
    },
  };
  const { convoys, add, beads, write } = await testConvoys(t, { rigs });
  const run = (params: StageParams) => convoys.write("anna", (writer) => stage(writer, params));
  const [house, shop, attic] = [await add(), await add({ prefix: "sh" }), await add({ prefix: "old" })];
  const outside = await add({ prefix: "sh" });
  await write((writer) => {
    writer.addDependency(shop, attic);
    writer.addDependency(shop, outside);
  });
  const other = await convoys.create("anna", { title: "Other", beads: [attic] });
  t.match(await run({ ids: [house, shop, attic] }), {
    status: "staged_warnings",
    warnings: [
      { category: "no-rig", bead_ids: [house] },
      { category: "parked-rig", bead_ids: [attic] },
      { category: "cross-rig", bead_ids: [shop] },
      { category: "outside-blocker", bead_ids: [shop] },
      { category: "already-tracked", bead_ids: [attic] },
    ],
    gated: [{ id: shop, gated_by: [outside] }],
  });
  const plain = await run({ ids: [outside] });
  t.match(plain, {
    status: "staged_ready",
    warnings: [],
    validation_bead_id: "",
    waves: [{ tasks: [{ rig: "shop" }] }],
  });
  t.equal(convoys.get(plain.convoy_id).title, beads.reads.get(outside).title);
  await convoys.write("anna", (writer) => writer.launch(plain.convoy_id));
  const count = () => convoys.reads.list({ all: true }).length;
  const before = count();
  t.match(await run({ ids: ["hq-none", house] }), {
    status: "error",
    convoy_id: "",
    errors: [{ category: "unknown", bead_ids: ["hq-none"] }],
  });
  const note = await add({ issue_type: "decision" });
  t.match(await run({ ids: [note] }), { status: "error", errors: [{ category: "nothing" }] });
  // A ring comes in by a file only.
  const line = (id: string, on: string) =>
    JSON.stringify({
      ...{ id, title: id, status: "open", priority: 2, issue_type: "task", created_at: "2026-01-01T00:00:00Z" },
      ...{ updated_at: "2026-01-01T00:00:00Z", dependencies: [{ issue_id: id, depends_on_id: on, type: "blocks" }] },
    });
  await beads.import("anna", [line("sh-r1", "sh-r2"), line("sh-r2", "sh-r1")]);
  t.match(await run({ ids: ["sh-r1", "sh-r2"] }), {
    status: "error",
    errors: [{ category: "cycle", bead_ids: ["sh-r1", "sh-r2", "sh-r1"] }],
  });
  t.equal(count(), before, "no convoy was made");
  t.match(other, { status: "open" });
  await t.rejects(convoys.create("anna", { title: "x", fromEpic: house }), {
    code: "CONVOY_REFUSED",
    message: /is no epic/,
  });
  const epic = await add({ issue_type: "epic" });
  await t.rejects(convoys.create("anna", { title: "x", fromEpic: epic }), { message: /nothing is to be done/ });
  const task = await add({ parent: epic });
  t.match(await convoys.create("anna", { title: "x", fromEpic: epic }), { tracked: [{ id: task }] });
});
