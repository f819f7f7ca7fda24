import fc from "fast-check";
import t from "tap";
import { Mail } from "./mail.ts";
import { READS, WRITES } from "./operations.ts";
import type { NewMail } from "./post.ts";
import { settled, testMail } from "./testing.ts";
import type { MessageView } from "./view.ts";

const TOAST = "garden/polecats/toast";
const FROM_MAYOR: NewMail = { from: "mayor/", to: TOAST, subject: "Fix the gate", body: "It squeaks." };

t.test("trap 10: reading and acknowledging are two steps, both to be seen, and the second happens once", async (t) => {
  const { mail, reading, clock, told } = await testMail(t);
  const [sent] = await mail.send("mayor/", { ...FROM_MAYOR, priority: "high" });
  const { id } = sent as MessageView;
  t.match(sent, {
    ...{
      from: "mayor/",
      to: TOAST,
      subject: "Fix the gate",
      body: "It squeaks.",
      read: false,
      delivery_state: "pending",
    },
    ...{ priority: "high", type: "notification", delivery: "queue", thread_id: id, pinned: false, wisp: true, cc: [] },
  });
  t.match(READS.check(reading, { identity: TOAST }), { pending: 1, delivered: 0, messages: [{ id }] });
  await mail.read("ben", id);
  t.match(READS.show(reading, { id }), { delivery_state: "pending" }, "somebody else looked");
  t.match(await mail.read(TOAST, id), { id, read: false, delivery_state: "delivered" });
  t.match(READS.check(reading, { identity: TOAST }), { pending: 0, delivered: 1, messages: [] });
  t.match(
    READS.inbox(reading, { identity: TOAST, unread: true }),
    [{ id, delivery_state: "delivered" }],
    "still there",
  );
  await clock.advance(1000);
  t.match(await mail.acknowledge(TOAST, [id]), [{ id, acknowledged: "now", by: TOAST }]);
  await clock.advance(1000);
  const [again] = await mail.acknowledge("ben", [id]);
  t.match(again, { acknowledged: "before", by: TOAST, at: /:01.000Z$/ }, "the second is told who was first, and when");
  t.match(READS.inbox(reading, { identity: TOAST, unread: true }), []);
  t.match(READS.inbox(reading, { identity: TOAST }), [
    { id, read: true, delivery_state: "acked", delivery_acked_by: TOAST },
  ]);
  t.match(await mail.archive(TOAST, [id]), [{ acknowledged: "before", archived: true }]);
  t.same(READS.inbox(reading, { identity: TOAST }), []);
  t.match(READS.inbox(reading, { identity: TOAST, all: true }), [{ id, archived: true }]);
  t.same(
    told.filter((change) => change.noun === "mail").map(({ kind }) => kind),
    ["sent", "delivered", "acked", "archived"],
  );
});

t.test("answers stay in their thread, copies and searches find their readers", async (t) => {
  const { mail, reading } = await testMail(t);
  const [first] = await mail.send("mayor/", { ...FROM_MAYOR, cc: ["ben", "garden/witness"] });
  const { id } = first as MessageView;
  const answer = await mail.reply(TOAST, id, { body: "It is oiled." });
  t.match(answer, {
    from: TOAST,
    to: "mayor/",
    subject: "Re: Fix the gate",
    type: "reply",
    thread_id: id,
    reply_to: id,
  });
  t.match(
    READS.show(reading, { id }),
    { delivery_state: "acked", delivery_acked_by: TOAST },
    "answered is acknowledged",
  );
  const back = await mail.reply("mayor/", answer.id, { body: "Good.", subject: "Thanks" });
  t.match(back, { to: TOAST, subject: "Thanks", thread_id: id });
  t.same(
    READS.thread(reading, { id: back.id }).map(({ subject }) => subject),
    ["Fix the gate", "Re: Fix the gate", "Thanks"],
  );
  t.match(READS.inbox(reading, { identity: "ben" }), [
    { id, read: false, delivery_state: "pending", cc: ["ben", "garden/witness"] },
  ]);
  await mail.read("ben", id);
  await mail.archive("ben", [id]);
  t.same(READS.inbox(reading, { identity: "ben" }), [], "a copy is put away by itself");
  t.match(READS.inbox(reading, { identity: "ben", all: true }), [{ id, archived: true, delivery_acked_by: "ben" }]);
  t.match(READS.inbox(reading, { identity: "garden/witness" }), [{ id, delivery_state: "pending" }]);
  t.match(READS.search(reading, { text: "oil*" }), [{ id: answer.id }]);
  t.match(READS.search(reading, { text: "gate", from: "mayor" }), [{ id }]);
  t.same(READS.search(reading, { text: "gate", identity: "shop/witness" }), []);
  t.match(READS.search(reading, { text: "squeaks", identity: "ben" }), [{ id }]);
  await t.rejects(mail.reply(TOAST, "hq-none", { body: "x" }), { code: "BEAD_UNKNOWN" });
});

t.test("a message of a queue has one winner among many, and comes back when he gives it back", async (t) => {
  const { mail, reading } = await testMail(t);
  const call = { town: { mail } as never, who: "anna" };
  await WRITES.queueSet.run(call, { name: "builds", workers: ["garden/polecats/*"], max_claims: 1 });
  await mail.send("anna", { from: "anna", to: "queue:builds", subject: "later", priority: "low" });
  const urgent = await mail.send("anna", { from: "anna", to: "queue:builds", subject: "now", priority: "urgent" });
  const workers = Array.from({ length: 20 }, (_, i) => `garden/polecats/w${i}`);
  const claims = await Promise.all(workers.map((who) => mail.claim(who, { queue: "builds" })));
  const won = claims.map((view, i) => ({ view, who: workers[i] })).filter(({ view }) => view !== null);
  t.same(
    won.map(({ view }) => view?.subject),
    ["now", "later"],
    "one winner each, the urgent one first",
  );
  t.same(new Set(won.map(({ view }) => view?.claimed_by)).size, 2);
  const [first] = won;
  t.match(READS.inbox(reading, { identity: String(first?.who) }), [
    { id: urgent[0]?.id, queue: "builds", to: undefined },
  ]);
  await t.rejects(mail.claim("garden/polecats/w9", { id: String(urgent[0]?.id) }), {
    ...{ code: "BEAD_NOT_CLAIMABLE", message: /already claimed by garden\/polecats\/w0/ },
  });
  t.match(
    await mail.claim(String(first?.who), { id: String(urgent[0]?.id) }),
    { claimed_by: first?.who },
    "again is no error",
  );
  await mail.send("anna", { from: "anna", to: "queue:builds", subject: "more" });
  await t.rejects(mail.claim(String(first?.who), { queue: "builds" }), {
    code: "BEAD_NOT_CLAIMABLE",
    message: /1 at a time/,
  });
  await t.rejects(mail.claim("shop/witness", { queue: "builds" }), {
    code: "FORBIDDEN",
    message: /for garden\/polecats\/\*/,
  });
  await t.rejects(mail.release("garden/polecats/w9", String(urgent[0]?.id)), { code: "BEAD_NOT_CLAIMABLE" });
  await mail.read(String(first?.who), String(urgent[0]?.id));
  t.match(await mail.release(String(first?.who), String(urgent[0]?.id)), {
    claimed_by: undefined,
    delivery_state: "pending",
  });
  t.match(READS.queues(reading, {}), [{ name: "builds", waiting: 2, claimed: 1 }]);
  t.match(await mail.claim("garden/polecats/w9", { queue: "builds" }), { subject: "now" });
  await mail.acknowledge("garden/polecats/w9", [String(urgent[0]?.id)]);
  t.match(
    await mail.claim("garden/polecats/w9", { queue: "builds" }),
    { subject: "more" },
    "what is done does not count",
  );
  t.equal(await mail.claim("garden/polecats/w5", { queue: "builds" }), null);
  await WRITES.queueSet.run(call, { name: "builds", paused: true });
  await t.rejects(mail.claim("garden/polecats/w5", { queue: "builds" }), { message: /paused/ });
  await t.rejects(mail.claim("x", { queue: "none" }), { code: "NOT_FOUND", hint: /queue create none/ });
  await t.rejects(mail.send("anna", { from: "anna", to: "queue:none", subject: "x" }), { code: "NOT_FOUND" });
  const [direct] = await mail.send("anna", FROM_MAYOR);
  await t.rejects(mail.claim("x", { id: String(direct?.id) }), { message: /in no queue/ });
});

t.test("channels keep what they are to keep, by count or by time, whatever comes", async (t) => {
  const { mail, reading, clock } = await testMail(t);
  const call = { town: { mail } as never, who: "anna" };
  await WRITES.channelSet.run(call, { name: "news", keep_count: 3, follow: ["garden/polecats/*", "ben"] });
  await WRITES.channelSet.run(call, { name: "log", keep_ms: 3_600_000, follow: ["ben"] });
  const say = (channel: string, subject: string, more: Partial<NewMail> = {}) =>
    mail.send("mayor/", { from: "mayor/", to: `channel:${channel}`, subject, ...more });
  for (let i = 0; i < 5; i++) await say("news", `news ${i}`, i === 0 ? { pinned: true } : {});
  const subjects = (name: string) => READS.channel(reading, { name }).map(({ subject }) => subject);
  t.same(subjects("news"), ["news 4", "news 3", "news 2", "news 0"], "the newest three, and what is pinned");
  t.equal(READS.inbox(reading, { identity: TOAST }).length, 4);
  t.same(READS.inbox(reading, { identity: "mayor/" }), [], "one's own words are no news");
  const [newest] = READS.inbox(reading, { identity: TOAST });
  await mail.archive(TOAST, [String(newest?.id)]);
  t.equal(READS.inbox(reading, { identity: TOAST }).length, 3);
  t.equal(READS.inbox(reading, { identity: "ben" }).length, 4, "each reader for himself");
  await say("log", "old");
  await clock.advance(3_000_000);
  await say("log", "new");
  await clock.advance(700_000);
  t.same(subjects("log"), ["new"], "an hour and no longer, though nothing was sent since");
  await say("log", "last");
  t.equal(reading.sql.one("SELECT count(*) AS n FROM bead_labels WHERE label = 'channel:log'")?.n, 2, "forgotten");
  t.match(READS.channels(reading, {}), [
    { name: "log", messages: 2 },
    { name: "news", messages: 4 },
  ]);
  await WRITES.channelSet.run(call, { name: "news", closed: true, leave: ["ben"] });
  await t.rejects(say("news", "x"), { message: /closed/ });
  t.match(READS.channels(reading, {})[1], { subscribers: ["garden/polecats/*"] });
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 8 }), async (keep, sent) => {
      const name = `c${n++}`;
      await WRITES.channelSet.run(call, { name, keep_count: keep });
      for (let i = 0; i < sent; i++) await say(name, `m${i}`);
      t.same(
        subjects(name),
        Array.from({ length: Math.min(keep, sent) }, (_, i) => `m${sent - 1 - i}`),
      );
    }),
    { numRuns: 12 },
  );
});

t.test("groups are lists with patterns, held against the agents there are", async (t) => {
  const { mail, reading, agents } = await testMail(t);
  const call = { town: { mail } as never, who: "anna" };
  for (const one of ["mayor/", "garden/witness", "shop/witness", TOAST, "garden/crew/anna"])
    agents.states.set(one, "idle");
  await WRITES.groupSet.run(call, { name: "helpers", add: ["*/witness", "ben", "@ring"] });
  await WRITES.groupSet.run(call, { name: "ring", add: ["@helpers", "mayor"] });
  const to = async (text: string, from = "mayor/") =>
    (await mail.send(from, { from, to: text, subject: "Hello" })).map((view) => view.to);
  t.same(await to("@helpers", "anna"), ["garden/witness", "shop/witness", "ben", "mayor/"]);
  t.same(await to("@helpers"), ["garden/witness", "shop/witness", "ben"], "not to oneself");
  t.same(await to("@rig/garden"), ["garden/witness", TOAST, "garden/crew/anna"]);
  t.same(await to("@witnesses, overseer"), ["garden/witness", "shop/witness", "overseer"]);
  t.same((await to("@town")).length, 4);
  const copies = await mail.send("anna", { from: "anna", to: "@witnesses", subject: "One thread" });
  t.equal(new Set(copies.map(({ thread_id }) => thread_id)).size, 1);
  await WRITES.groupSet.run(call, { name: "helpers", remove: ["*/witness", "@ring"] });
  t.match(READS.groups(reading, {}), [{ name: "helpers", members: ["ben"] }, { name: "ring" }]);
  t.match(READS.group(reading, { name: "witnesses" }), { members: [] });
  await t.rejects(to("@nobody"), { code: "NOT_FOUND" });
  await t.rejects(to("@rig/attic"), { code: "INPUT_INVALID", message: /nobody is in/ });
  await WRITES.remove.run(call, { what: "group", name: "helpers" });
  await t.rejects(WRITES.remove.run(call, { what: "group", name: "helpers" }), { code: "NOT_FOUND" });
});

t.test(
  "mail to the overseer enters the household's inbox once, also what was posted while nobody looked",
  async (t) => {
    const { mail, inbox, store, shared, reading } = await testMail(t);
    const [sent] = await mail.send("mayor/", { ...FROM_MAYOR, to: "human", priority: "urgent", type: "escalation" });
    await settled();
    const page = async () => (await inbox.list({})).messages;
    t.match(await page(), [
      {
        ...{
          channel: "mail",
          sender: "mayor/",
          text: "Fix the gate\n\nIt squeaks.",
          externalId: sent?.id,
          thread: sent?.id,
        },
        metadata: { type: "escalation", priority: "urgent" },
      },
    ]);
    await mail.acknowledge("overseer", [String(sent?.id)]);
    await settled();
    t.match(await page(), [{ read: true }], "read here is read there");
    // A hub that dies between the transaction and the inbox: the next start brings it in, and not twice.
    await mail.stop();
    await mail.send("mayor/", { ...FROM_MAYOR, to: "ben", cc: ["overseer"], subject: "While it was down" });
    store.run("UPDATE mail_overseer SET inbox_id = NULL");
    const next = new Mail({ ...shared, ports: { addresses: () => [], tell: async () => {} } });
    await next.start();
    t.teardown(() => next.stop());
    t.match(
      (await page()).map(({ text }) => text.split("\n")[0]),
      ["While it was down", "Fix the gate"],
    );
    t.match(READS.inbox(reading, { identity: "overseer" }), [{ subject: "While it was down" }, {}]);
    const late = await next.archive("overseer", [String(sent?.id)]);
    await settled();
    t.match(
      [late, (await inbox.list({ archived: true })).messages],
      [[{ archived: true }], [{ externalId: sent?.id }]],
    );
  },
);

t.test("archived messages are forgotten in time, permanent and pinned ones are not", async (t) => {
  const { mail, reading, clock } = await testMail(t);
  const send = async (more: Partial<NewMail>) => {
    const [view] = await mail.send("mayor/", { ...FROM_MAYOR, ...more });
    return String(view?.id);
  };
  const ids = [await send({}), await send({ permanent: true }), await send({ pinned: true })];
  const open = await send({});
  await mail.archive(TOAST, ids);
  await clock.advance(8 * 86_400_000);
  await settled();
  t.same(
    READS.inbox(reading, { identity: TOAST, all: true })
      .map(({ id }) => id)
      .sort(),
    [...ids.slice(1), open].sort(),
  );
});

t.test("a running agent is told of its mail, one that sleeps is not, and nobody who asked not to be", async (t) => {
  const { mail, agents, store } = await testMail(t);
  agents.states.set(TOAST, "idle");
  const [sent] = await mail.send("mayor/", FROM_MAYOR);
  await mail.send("mayor/", { ...FROM_MAYOR, to: "garden/polecats/asleep" });
  await mail.send("mayor/", { ...FROM_MAYOR, notify: false });
  await settled();
  t.match(agents.delivered, [
    {
      to: TOAST,
      kind: "mail",
      text: `Mail from mayor/: Fix the gate (${sent?.id}). Read it: barnacle mail read ${sent?.id}`,
    },
  ]);
  t.same(store.all("SELECT 1 FROM nudges"), []);
});
