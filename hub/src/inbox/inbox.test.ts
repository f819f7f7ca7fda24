import { FakeClock, seededRandom } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t from "tap";
import type { InboxEntry } from "../services.ts";
import { temporaryStore } from "../store/testing.ts";
import { MessageInbox } from "./index.ts";

const entry = (externalId: string, more: Partial<InboxEntry> = {}): InboxEntry => ({
  channel: "voice",
  account: "kitchen",
  externalId,
  direction: "in",
  sender: "somebody",
  text: `message ${externalId}`,
  at: 1,
  ...more,
});

async function open(t: Tap): Promise<MessageInbox> {
  const clock = new FakeClock();
  return new MessageInbox({ store: await temporaryStore(t, clock), clock, random: seededRandom(1) });
}
type Tap = Parameters<typeof temporaryStore>[0];

t.test("the same message delivered three times is one message, announced once", async (t) => {
  const inbox = await open(t);
  const heard: string[] = [];
  inbox.events.on("entered", ({ message }) => heard.push(message.externalId));
  const first = await inbox.enter(entry("a", { turnId: "t1", metadata: { score: 0.9 } }));
  const again = await Promise.all([inbox.enter(entry("a", { text: "other words" })), inbox.enter(entry("a"))]);
  t.ok(first.created);
  t.same(
    again.map((one) => one.created),
    [false, false],
  );
  t.same(
    again.map((one) => one.message.id),
    [first.message.id, first.message.id],
  );
  t.equal(again[0]?.message.text, "message a", "the first delivery counts");
  t.same(heard, ["a"]);
  t.ok((await inbox.enter(entry("a", { account: "bedroom" }))).created, "another account is another message");
  t.match(await inbox.get(first.message.id), { turnId: "t1", metadata: { score: 0.9 }, read: false, archived: false });
});

t.test("filters, search and flags", async (t) => {
  const inbox = await open(t);
  const { message } = await inbox.enter(entry("1", { text: "Turn on the kitchen light", room: "kitchen" }));
  await inbox.enter(entry("2", { text: "What time is it?", room: "office", thread: "x" }));
  await inbox.enter(entry("3", { text: "It is noon.", direction: "out" }));
  const ids = async (query: Parameters<typeof inbox.list>[0]): Promise<string[]> =>
    (await inbox.list(query)).messages.map((one) => one.externalId);
  t.same(await ids({}), ["3", "2", "1"], "newest first");
  t.same(await ids({ room: "office" }), ["2"]);
  t.same(await ids({ thread: "x" }), ["2"]);
  t.same(await ids({ text: "kitch" }), ["1"], "a word's beginning finds it");
  t.same(await ids({ text: 'light" OR "time' }), [], "operators mean nothing");
  t.same(await ids({ text: "***" }), [], "no word, no result");
  t.same(await ids({ unread: true }), ["2", "1"]);
  t.match(await inbox.mark(message.id, { read: true, archived: true }), { read: true, archived: true });
  t.same(await ids({ unread: true }), ["2"]);
  t.same(await inbox.counts(), { total: 3, unread: 1, archived: 1 });
  t.same(await ids({ archived: true }), ["1"]);
  await t.rejects(inbox.mark("nobody", { read: true }), { code: "NOT_FOUND" });
  await t.rejects(inbox.list({ cursor: "x" }), { code: "INPUT_INVALID", message: /nextCursor/ });
});

t.test("pages neither lose nor repeat a message while others arrive", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 7 }),
      async (arrivals, limit) => {
        const inbox = await open(t);
        let next = 0;
        const arrive = async (count: number): Promise<void> => {
          for (let i = 0; i < count; i++) await inbox.enter(entry(String(next++)));
        };
        await arrive(20);
        const before = next;
        const seen: number[] = [];
        let cursor: string | undefined;
        for (let page = 0; page === 0 || cursor !== undefined; page++) {
          const result = await inbox.list({ limit, ...(cursor ? { cursor } : {}) });
          seen.push(...result.messages.map((one) => Number(one.externalId)));
          cursor = result.nextCursor;
          await arrive(arrivals[page] ?? 0);
        }
        const expected = Array.from({ length: before }, (_, i) => before - 1 - i);
        return JSON.stringify(seen) === JSON.stringify(expected);
      },
    ),
    { numRuns: 10 },
  );
  t.pass("held for all samples");
});
