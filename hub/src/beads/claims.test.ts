import t from "tap";
import { testBeads } from "./testing.ts";

t.test("R3.2 a claim has one winner; the others are told who; claiming again what one has is no error", async (t) => {
  const { beads, add, told, clock } = await testBeads(t);
  const id = await add();
  const attempts = Array.from({ length: 100 }, (_, i) =>
    beads
      .write(`agent-${i}`, (writer) => writer.claims.claim(id))
      .then(
        ({ assignee }) => assignee,
        (error: unknown) => error,
      ),
  );
  const results = await Promise.all(attempts);
  const winners = results.filter((result) => typeof result === "string");
  t.equal(winners.length, 1);
  const [winner = ""] = winners as string[];
  for (const loser of results.filter((result) => result !== winner))
    t.match(loser, { code: "BEAD_NOT_CLAIMABLE", message: `${id} is already claimed by ${winner}` });
  t.equal(told.filter(({ kind }) => kind === "claimed").length, 1);
  const started = beads.reads.get(id).started_at;
  await clock.advance(1000);
  await beads.write(winner, (writer) => writer.claims.claim(id));
  t.equal(beads.reads.get(id).started_at, started);
  t.equal(told.filter(({ kind }) => kind === "claimed").length, 1, "nothing changed");
});

t.test("what is not open is not claimable, and says its state", async (t) => {
  const { beads, add } = await testBeads(t);
  for (const status of ["closed", "deferred", "blocked", "pinned"]) {
    const id = await add({ status });
    await t.rejects(
      beads.write("ben", (writer) => writer.claims.claim(id)),
      { code: "BEAD_NOT_CLAIMABLE", message: `${id} is not claimable: status ${status}` },
    );
  }
  const hooked = await add({ status: "hooked", assignee: "ben" });
  await t.rejects(
    beads.write("carl", (writer) => writer.claims.claim(hooked)),
    { message: /already claimed by ben/ },
  );
  t.match(await beads.write("ben", (writer) => writer.claims.claim(hooked)), { status: "in_progress" });
  await t.rejects(
    beads.write("carl", (writer) => writer.claims.release(hooked)),
    { code: "BEAD_NOT_CLAIMABLE" },
  );
  t.match(await beads.write("ben", (writer) => writer.claims.release(hooked)), { status: "open" });
  t.notOk(beads.reads.get(hooked).assignee);
  t.match(await beads.write("carl", (writer) => writer.claims.release(hooked)), { status: "open" });
});

t.test("a lease ends without a heartbeat; after three attempts the bead is set aside", async (t) => {
  const { beads, add, clock, told } = await testBeads(t);
  const id = await add();
  const claim = (who: string) => beads.write(who, (writer) => writer.claims.claim(id, { leaseMs: 60_000 }));
  await claim("ben");
  await clock.advance(50_000);
  await beads.write("ben", (writer) => writer.claims.heartbeat(id, 60_000));
  await clock.advance(50_000);
  t.match(beads.reads.get(id), { status: "in_progress", assignee: "ben" });
  const ended = async () => {
    const done = new Promise((resolve) => beads.events.on("changed", resolve));
    await clock.advance(60_000);
    await done;
  };
  await ended();
  t.match(beads.reads.get(id), { status: "open", attempts: 1, notes: "attempt 1 by ben: no heartbeat" });
  await t.rejects(
    beads.write("ben", (writer) => writer.claims.heartbeat(id)),
    { code: "BEAD_NOT_CLAIMABLE" },
  );
  await claim("carl");
  await ended();
  await claim("dora");
  await ended();
  t.match(beads.reads.get(id), { status: "blocked", attempts: 3 });
  t.equal(told.filter(({ kind }) => kind === "attempt_failed").length, 3);
  t.equal(clock.pending ?? 0, 0, "no timer is left");
  const held = await add();
  await beads.write("ben", (writer) => writer.claims.claim(held));
  await clock.advance(86_400_000);
  t.match(beads.reads.get(held), { status: "in_progress" }, "a claim without a lease lasts");
});
