import { Events, silentLog } from "@barnacle/protocol/runtime";
import { Value } from "@sinclair/typebox/value";
import t, { type Test } from "tap";
import { testBeads } from "../beads/testing.ts";
import { EscalationConfig } from "../config/escalation.ts";
import { READS as MAIL } from "../mail/operations.ts";
import type { TownChange, TownEvents } from "../town/part.ts";
import { pass } from "../town/testing-time.ts";
import { Escalations } from "./escalations.ts";
import { READS } from "./operations.ts";

const HOUR = 3_600_000;

async function house(t: Test, settings: object = {}) {
  const base = await testBeads(t);
  const { beads, store, clock, random } = base;
  const events = new Events<TownEvents>();
  const told: TownChange[] = [];
  events.on("changed", (change) => told.push(change));
  const said: string[] = [];
  const voice = { broken: false, there: true };
  const config = Value.Default(EscalationConfig, settings) as EscalationConfig;
  const build = async () => {
    const escalations = new Escalations({
      ...{ store, beads, clock, random, events, log: silentLog, settings: () => config },
      notify: () =>
        voice.there
          ? async (text) => {
              if (voice.broken) throw new TypeError("no room is connected");
              said.push(text);
            }
          : undefined,
    });
    await escalations.start();
    t.teardown(() => escalations.stop());
    return escalations;
  };
  const reading = { sql: store, reads: beads.reads, now: () => clock.now(), stateDir: store.stateDir };
  const mailOf = (identity: string) => MAIL.inbox(reading, { identity, limit: 0 });
  return { ...base, build, escalations: await build(), reading, mailOf, told, said, voice };
}

const FIRE = {
  severity: "critical",
  subject: "The boiler leaks",
  reason: "Water on the floor",
  source: "witness",
} as const;

t.test("each severity goes along its routes, in one transaction with the call itself", async (t) => {
  const { escalations, clock, mailOf, said, reading, told, ready, add } = await house(t, {
    notify: { channel: "rooms" },
  });
  const bead = await add({ title: "Mend the boiler" });
  const one = await escalations.raise("garden/witness", { ...FIRE, bead });
  t.match(one, {
    ...{ severity: "critical", original_severity: "critical", state: "open", occurrences: 1, repeated: false },
    ...{ escalated_by: "garden/witness", source: "witness", related_bead: bead, reescalation_count: 0 },
  });
  const [mayors] = mailOf("mayor/");
  t.match(mayors, {
    ...{ from: "garden/witness", subject: "[CRITICAL] The boiler leaks", type: "escalation", priority: "urgent" },
    ...{ body: /Water on the floor\n\nAcknowledge it: barnacle escalate ack hq-/, wisp: false, thread_id: one.id },
  });
  t.match(mailOf("overseer"), [{ subject: "[CRITICAL] The boiler leaks" }]);
  await pass(clock, 0);
  t.same(said, ["Escalation, critical: The boiler leaks"]);
  for (const severity of ["low", "medium", "high"] as const) {
    await escalations.raise("ci", { severity, subject: `A ${severity} one` });
  }
  t.same(
    mailOf("mayor/").map(({ subject }) => subject),
    ["[HIGH] A high one", "[MEDIUM] A medium one", "[CRITICAL] The boiler leaks"],
  );
  t.equal(mailOf("overseer").length, 2);
  t.equal(said.length, 1);
  t.same(ready(), [bead], "no call for help is work");
  t.match(READS.list(reading, {}), [{ subject: "A high one" }, {}, {}, { id: one.id }]);
  t.match(READS.list(reading, { severity: "low" }), [{ subject: "A low one", severity: "low" }]);
  t.match(told[0], { noun: "escalations", id: one.id, kind: "raised", data: { severity: "critical" } });
  for (const wrong of [{ severity: "soon" as "low" }, { subject: " " }]) {
    await t.rejects(escalations.raise("ci", { ...FIRE, ...wrong }), { code: "INPUT_INVALID" });
  }
  await t.rejects(escalations.raise("ci", { ...FIRE, bead: "hq-none" }), { code: "BEAD_UNKNOWN" });
  t.equal(READS.list(reading, { all: true }).length, 4, "what was refused left nothing");
});

t.test("nobody acknowledges: told again one severity higher, twice and no more, also over restarts", async (t) => {
  const { escalations, build, clock, mailOf, reading, told } = await house(t);
  const one = await escalations.raise("ci", { severity: "low", subject: "Disk is filling" });
  t.same(mailOf("mayor/"), []);
  await pass(clock, 4 * HOUR - 1000);
  t.match(READS.show(reading, { id: one.id }), { severity: "low", reescalation_count: 0 });
  t.same(READS.stale(reading, {}), []);
  await pass(clock, 1000);
  t.match(READS.show(reading, { id: one.id }), {
    ...{ severity: "medium", original_severity: "low", reescalation_count: 1, last_reescalated_by: "escalations" },
    comments: [{ text: /raised from low to medium, 1 of 2/ }],
  });
  t.equal(mailOf("mayor/").length, 1);
  await escalations.stop();
  await pass(clock, 9 * HOUR);
  t.equal(mailOf("mayor/").length, 1, "nobody is there");
  await build();
  await pass(clock, 0);
  t.match(READS.show(reading, { id: one.id }), { severity: "high", reescalation_count: 2, due_at: undefined });
  t.same(
    mailOf("mayor/").map(({ subject }) => subject),
    ["[HIGH] Disk is filling", "[MEDIUM] Disk is filling"],
  );
  await pass(clock, 100 * HOUR);
  t.match(READS.show(reading, { id: one.id }), { severity: "high", reescalation_count: 2, state: "open" });
  t.match(READS.stale(reading, {}), [{ id: one.id }]);
  t.equal(told.filter(({ kind }) => kind === "reraised").length, 2);
});

t.test("acknowledged it is not told again; closed it is over, by its own command or by that of beads", async (t) => {
  const { escalations, beads, clock, reading } = await house(t);
  const [a, b, c] = [
    await escalations.raise("ci", { severity: "high", subject: "a" }),
    await escalations.raise("ci", { severity: "high", subject: "b" }),
    await escalations.raise("ci", { severity: "high", subject: "c" }),
  ];
  t.match(await escalations.ack("anna", a.id), { state: "acked", acked_by: "anna", acked_at: /./, due_at: undefined });
  t.match(await escalations.ack("ben", a.id), { acked_by: "anna" }, "the first one takes care");
  t.match(await escalations.close("anna", b.id, "Mended"), {
    state: "closed",
    closed_by: "anna",
    closed_reason: "Mended",
  });
  t.match(await escalations.close("ben", b.id, "Again"), { closed_by: "anna" });
  t.match(beads.reads.get(b.id), { status: "closed", close_reason: "Mended" });
  await beads.write("ben", (writer) => writer.closing.close(c.id, { reason: "By hand", force: true }));
  await pass(clock, 20 * HOUR);
  t.match(READS.list(reading, { all: true }), [
    { id: c.id, state: "closed", closed_by: "ben", closed_reason: "By hand" },
    { id: b.id, state: "closed" },
    { id: a.id, state: "acked", severity: "high" },
  ]);
  t.match(READS.list(reading, {}), [{ id: a.id }]);
  await t.rejects(escalations.ack("anna", "hq-none"), { code: "BEAD_UNKNOWN" });
});

t.test(
  "one for each cause: told again once per cool-down, at once when it is worse, anew when it had been closed",
  async (t) => {
    const { escalations, clock, mailOf, reading } = await house(t);
    const raise = (more: object = {}) =>
      escalations.raise("witness", { severity: "medium", subject: "toast is stuck", key: "stuck toast", ...more });
    const first = await raise();
    t.match(await raise(), { id: first.id, repeated: true, occurrences: 2 });
    t.equal(mailOf("mayor/").length, 1, "within the cool-down it is only counted");
    await pass(clock, 301_000);
    t.match(await raise({ reason: "still" }), { id: first.id, occurrences: 3 });
    t.equal(mailOf("mayor/").length, 2);
    t.match(await raise({ severity: "high" }), { severity: "high", occurrences: 4 });
    t.equal(mailOf("mayor/").length, 3, "worse is news");
    await escalations.ack("anna", first.id);
    await pass(clock, 301_000);
    t.match(await raise(), { state: "acked", occurrences: 5 });
    t.equal(mailOf("mayor/").length, 3, "somebody takes care");
    t.match(await raise({ severity: "critical" }), { state: "open", severity: "critical", due_at: /./ });
    await escalations.close("anna", first.id);
    t.match(await raise(), { id: first.id, state: "closed", repeated: true }, "its echo");
    await pass(clock, 301_000);
    const second = await raise();
    t.not(second.id, first.id);
    t.match(second, { repeated: false, occurrences: 1, severity: "medium" });
    t.equal(READS.list(reading, { all: true }).length, 2);
  },
);

t.test("what could not be said aloud is said later, once, and in the end the bead says that it was not", async (t) => {
  const { escalations, build, clock, said, voice, reading, store } = await house(t, { notify: { channel: "rooms" } });
  voice.broken = true;
  const one = await escalations.raise("witness", FIRE);
  await pass(clock, 30_000);
  t.same(said, []);
  await escalations.stop();
  voice.broken = false;
  const again = await build();
  await pass(clock, 60_000);
  t.same(said, ["Escalation, critical: The boiler leaks"]);
  await pass(clock, HOUR);
  t.equal(said.length, 1);
  voice.broken = true;
  const two = await again.raise("witness", { ...FIRE, subject: "Again" });
  for (let i = 0; i < 6; i++) await pass(clock, 900_000);
  t.match(READS.show(reading, { id: two.id }), {
    comments: [{ text: "The household could not be told: no room is connected" }],
  });
  t.same(store.all("SELECT 1 FROM escalation_sends"), []);
  t.match(READS.show(reading, { id: one.id }), { comments: [] });
  voice.there = false;
  await again.raise("witness", { ...FIRE, subject: "Nobody hears" });
  await pass(clock, 1000);
  t.same(store.all("SELECT 1 FROM escalation_sends"), []);
});
