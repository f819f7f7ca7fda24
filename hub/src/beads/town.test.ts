import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import { checkBeads, EventLog, replay } from "./index.ts";
import { rowsOf, testBeads } from "./testing.ts";

t.test("every kind of bead that a town keeps can be written, with its edges, in one transaction", async (t) => {
  const { beads, store, told, ready } = await testBeads(t);
  const made = await beads.write("mayor/", (writer) => {
    const task = writer.create({ title: "Fix the gate" });
    const agent = writer.create({
      ...{ id: "gt-garden-polecat-max_2", title: "garden/polecats/max_2", issue_type: "agent" },
      ...{ agent_state: "idle", rig: "garden", metadata: { role: "polecat", deaths: 0 } },
    });
    const convoy = writer.create({
      ...{ title: "Work: Fix the gate", issue_type: "convoy", prefix: "hq-cv", idLength: 5, status: "staged_ready" },
      dependencies: [
        { on: task.id, kind: "tracks" },
        { on: "gt-x1y2z", kind: "tracks" },
        { on: "external:shop:paint", kind: "tracks" },
      ],
    });
    const given = writer.create({ id: "hq-cv-a1b2c", title: "Another", issue_type: "convoy" });
    const mail = writer.create({
      ...{
        title: "MERGE_READY",
        description: "Branch: polecat/max",
        issue_type: "message",
        assignee: "garden/refinery",
      },
      ...{
        sender: "mayor/",
        labels: ["from:mayor/", "msg-type:task"],
        ephemeral: true,
        prefix: "hq-wisp",
        priority: 1,
      },
    });
    const request = writer.create({
      ...{
        title: "Merge polecat/max",
        issue_type: "merge-request",
        metadata: { branch: "polecat/max", target: "main" },
      },
      dependencies: [{ on: task.id, kind: "validates" }],
    });
    const event = writer.create({
      ...{
        title: "state",
        issue_type: "event",
        event_kind: "agent.state",
        actor: "mayor/",
        target: agent.id,
        payload: "{}",
      },
    });
    const slot = writer.create({ id: "hq-merge-slot", title: "merge slot", issue_type: "slot" });
    const queue = writer.create({ title: "reviews", issue_type: "queue" });
    const rig = writer.create({ id: "hq-rig-garden", title: "garden", issue_type: "rig", labels: ["state:parked"] });
    const molecule = writer.create({ title: "patrol", issue_type: "molecule", ephemeral: true, wisp_type: "patrol" });
    writer.setMetadata(agent.id, { deaths: 1, hook: task.id });
    writer.setMetadata(agent.id, { role: null });
    writer.update(task.id, { status: "hooked", assignee: "garden/polecats/max_2" });
    return { task, agent, convoy, given, mail, request, event, slot, queue, rig, molecule };
  });
  t.match(made.convoy.id, /^hq-cv-[0-9a-z]{5}$/);
  t.match(made.mail.id, /^hq-wisp-[0-9a-z]{3}$/);
  t.same(beads.reads.get(made.agent.id).metadata, { deaths: 1, hook: made.task.id });
  t.match(beads.reads.dependents(made.task.id), [{ id: made.convoy.id }, { id: made.request.id }]);
  t.same(ready(), [], "the one task is hooked, the others are records");
  await beads.write("witness", (writer) => writer.update(made.task.id, { status: "open", assignee: null }));
  t.same(ready(), [made.task.id], "what tracks it holds it back as little as it is held back");
  t.same(
    beads.reads.ready({ type: "convoy" }).map(({ id }) => id),
    [made.given.id],
    "unless a type is asked for",
  );
  t.equal(new Set(told.map(({ id }) => id)).size, 11);
  t.same(checkBeads(store).drift, []);
  const again = await testBeads(t);
  replay(again.store, new EventLog(store).list({ limit: 0 }));
  t.same(rowsOf(again.store), rowsOf(store));
});

t.test("tables beside the beads are written in the same transaction, or not at all", async (t) => {
  const { beads, store, told } = await testBeads(t);
  store.db.exec("CREATE TABLE stamps (bead TEXT)");
  const both = (fail: boolean) =>
    beads.write("mayor/", (writer) => {
      const { id } = writer.create({ title: "landed", issue_type: "convoy" });
      writer.sql.run("INSERT INTO stamps (bead) VALUES (?)", id);
      if (fail) throw new BarnacleError("CONFLICT", "no");
      return id;
    });
  await t.rejects(both(true), { code: "CONFLICT" });
  t.same([store.all("SELECT * FROM stamps"), told, beads.reads.count({ all: true })], [[], [], 0]);
  const id = await both(false);
  t.same(store.all("SELECT bead FROM stamps"), [{ bead: id }]);
  t.match(told, [{ id, kind: "created" }], "told after the commit");
});
