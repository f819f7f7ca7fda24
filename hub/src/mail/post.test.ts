import t from "tap";
import { testBeads } from "../beads/testing.ts";
import { addressOf, matchesAddress } from "./address.ts";
import { labelOf, type NewMail, postMail } from "./post.ts";

const HELLO: NewMail = { from: "mayor", to: "garden/polecats/toast", subject: "Hello", body: "See hq-1" };

t.test("a message is a bead: sender, addressee, kind, thread and copies in its labels", async (t) => {
  const { beads, store } = await testBeads(t);
  const post = (mail: NewMail) => beads.write("mayor/", (writer) => postMail(writer, mail));
  const first = await post({ ...HELLO, priority: "urgent", type: "task", cc: ["human", "ben", "ben"] });
  t.match(first, {
    ...{ title: "Hello", description: "See hq-1", issue_type: "message", status: "open", priority: 0 },
    ...{ assignee: "garden/polecats/toast", sender: "mayor/", ephemeral: true, created_by: "mayor/" },
    labels: ["from:mayor/", "msg-type:task", "cc:overseer", "cc:ben", "delivery:pending"],
  });
  t.same(store.all("SELECT * FROM mail_overseer"), [{ message: first.id, inbox_id: null }]);
  const answer = await post({ ...HELLO, from: "garden/polecats/toast", to: "mayor/", replyTo: first.id, pinned: true });
  t.match(answer, { pinned: true, ephemeral: undefined, priority: 2 });
  t.same(
    ["msg-type", "thread", "reply-to"].map((name) => labelOf(answer, name)),
    ["reply", first.id, first.id],
  );
  t.match(answer.dependencies, [{ depends_on_id: first.id, type: "replies-to" }]);
  const third = await post({ ...HELLO, replyTo: answer.id });
  t.equal(labelOf(third, "thread"), first.id, "one thread, however deep");
  t.same(beads.reads.ready(), [], "no message is work");
});

t.test("exactly one of agent, queue and channel; the same key is the same message", async (t) => {
  const { beads, store } = await testBeads(t);
  const post = (mail: Partial<NewMail>) => beads.write("cron", (writer) => postMail(writer, { ...HELLO, ...mail }));
  const queued = await post({ to: "queue:builds", notify: false });
  t.equal(queued.assignee, undefined);
  t.match(queued.labels, ["from:mayor/", "msg-type:notification", "queue:builds", "delivery:pending", "notify:no"]);
  t.match((await post({ to: "channel:news" })).labels, ["from:mayor/", "msg-type:notification", "channel:news"]);
  const once = await post({ to: "overseer", key: "cv-1 landed" });
  t.equal((await post({ to: "overseer", key: "cv-1 landed" })).id, once.id);
  t.equal(store.all("SELECT 1 FROM mail_overseer").length, 1);
  for (const wrong of [
    { to: "" },
    { to: "queue:" },
    { to: "channel:a b" },
    { subject: " " },
    { priority: "soon" as "low" },
    { type: "note" as "task" },
    { cc: ["a/*"] },
    { to: "a//b" },
    { to: "nobody:here" },
  ]) {
    await t.rejects(post(wrong), { code: "INPUT_INVALID" }, JSON.stringify(wrong));
  }
  await t.rejects(post({ replyTo: "hq-none" }), { code: "BEAD_UNKNOWN" });
  t.equal(beads.reads.count({ type: "message" }), 3, "what was refused left nothing");
});

t.test("addresses have one spelling, and a star stands for parts of them", async (t) => {
  t.same(["mayor", "mayor/", " deacon ", "human", "garden/witness/", "Anna’s phone"].map(addressOf), [
    "mayor/",
    "mayor/",
    "deacon/",
    "overseer",
    "garden/witness",
    "Anna’s phone",
  ]);
  const matches = (pattern: string) =>
    ["mayor/", "garden/witness", "shop/witness", "garden/polecats/toast"].filter((one) => matchesAddress(pattern, one));
  t.same(matches("*/witness"), ["garden/witness", "shop/witness"]);
  t.same(matches("garden/*"), ["garden/witness", "garden/polecats/toast"]);
  t.same(matches("garden/polecats/*"), ["garden/polecats/toast"]);
  t.same(matches("mayor"), ["mayor/"]);
  t.equal(matches("*").length, 4);
  t.same(matches("gard*"), [], "parts are whole");
});
