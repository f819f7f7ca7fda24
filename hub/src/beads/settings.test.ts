import t from "tap";
import { testBeads } from "./testing.ts";

t.test("own statuses and types: stored, checked, hidden from lists as their category says", async (t) => {
  const { beads, add, ready } = await testBeads(t);
  await t.rejects(add({ status: "review" }), { message: /"review" is none of open/ });
  await beads.write("anna", (writer) => {
    writer.settings.set("status.custom", " review:wip, parked : frozen,shipped:done ");
    writer.settings.set("types.custom", "experiment");
  });
  t.same(beads.reading().reads.count(), 0);
  const [review, parked, shipped] = [
    await add({ status: "review" }),
    await add({ status: "parked" }),
    await add({ status: "shipped", issue_type: "experiment" }),
  ];
  t.same(
    beads.reads.list().map(({ id }) => id),
    [review],
  );
  t.same(
    beads.reads.list({ status: "parked,shipped", sortBy: "file" }).map(({ id }) => id),
    [parked, shipped],
  );
  const after = await add({ dependencies: [{ on: shipped }] });
  t.same(ready(), [], "only closing what is waited for ends the waiting");
  await beads.write("anna", (writer) => writer.closing.close(shipped));
  t.same(ready(), [after]);
  await t.rejects(add({ status: "nonsense" }), { message: /shipped/ }, "the own words are named too");
  const bad: readonly [string, string, RegExp][] = [
    ["status.custom", "open:wip", /"open" is built in/],
    ["status.custom", "a:wip,a:done", /"a" is there twice/],
    ["status.custom", "a", /a: expected name:category/],
    ["status.custom", "Ä:wip", /no status/],
    ["status.custom", Array.from({ length: 51 }, (_, i) => `s${i}:wip`).join(","), /at most 50/],
    ["types.custom", "task", /"task" is built in/],
    ["types.custom", "a b", /no type/],
    ["issue_prefix", "1", /no id prefix/],
    ["min_hash_length", "2", /from 3 to 8/],
    ["max_collision_prob", "1", /between 0 and 1/],
    ["colour", "red", /colour: expected one of issue_prefix/],
  ];
  for (const [key, value, message] of bad) {
    await t.rejects(
      beads.write("anna", (writer) => writer.settings.set(key, value)),
      { message },
      `${key} ${value}`,
    );
  }
  t.equal(await beads.write("anna", (writer) => writer.settings.unset("types.custom")), true);
  await t.rejects(add({ issue_type: "experiment" }), { message: /issue_type/ });
});

t.test("the prefix and the length of ids follow the settings, and a bead may ask for more", async (t) => {
  const { beads, add } = await testBeads(t);
  t.match(await add(), /^hq-[0-9a-z]{3}$/);
  await beads.write("anna", (writer) => {
    writer.settings.set("issue_prefix", "shop");
    writer.settings.set("min_hash_length", "5");
    writer.settings.set("max_hash_length", "6");
  });
  t.match(await add(), /^shop-[0-9a-z]{5}$/);
  t.match(await add({ prefix: "hq-cv", idLength: 7 }), /^hq-cv-[0-9a-z]{7}$/);
  await t.rejects(
    beads.write("anna", (writer) => writer.settings.set("min_hash_length", "7")),
    { message: /must not be longer than/ },
  );
  await beads.write("anna", (writer) => {
    writer.settings.set("min_hash_length", "3");
    writer.settings.set("max_collision_prob", "0.00001");
  });
  await add();
  t.match(await add(), /^shop-[0-9a-z]{4}$/, "a smaller chance of a collision makes longer ids");
});
