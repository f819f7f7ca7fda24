import { FakeClock, seededRandom } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t, { type Test } from "tap";
import type { InboxEntry, InboxMessage } from "../services.ts";
import type { Store } from "../store/index.ts";
import { temporaryStore } from "../store/testing.ts";
import { StoredInbox } from "./inbox.ts";

async function inboxOn(t: Test): Promise<{ inbox: StoredInbox; store: Store }> {
  const clock = new FakeClock();
  const store = await temporaryStore(t, clock);
  return { store, inbox: new StoredInbox({ store, clock, random: seededRandom(1) }) };
}

function entry(n: number | string, patch: Partial<InboxEntry> = {}): InboxEntry {
  return {
    channel: "voice",
    account: "home",
    externalId: `e${n}`,
    direction: "in",
    sender: "kitchen",
    text: `message number ${n}`,
    at: 1,
    ...patch,
  };
}

async function allPages(
  inbox: StoredInbox,
  limit: number,
  between: () => Promise<void> = async () => {},
): Promise<InboxMessage[]> {
  const found: InboxMessage[] = [];
  let cursor: string | undefined;
  do {
    const page = await inbox.list({ limit, cursor });
    found.push(...page.messages);
    cursor = page.nextCursor;
    await between();
  } while (cursor !== undefined);
  return found;
}

t.test("a message enters once however often it comes, and is told once", async (t) => {
  const { inbox } = await inboxOn(t);
  const told: string[] = [];
  inbox.events.on("entered", ({ message }) => told.push(message.externalId));
  const results = await Promise.all([
    inbox.enter(entry(1)),
    inbox.enter(entry(1, { text: "again" })),
    inbox.enter(entry(1)),
  ]);
  t.same(
    results.map((r) => r.created),
    [true, false, false],
  );
  t.equal(results[2]?.message.id, results[0]?.message.id);
  t.ok((await inbox.enter(entry(1, { account: "other" }))).created, "another account is another message");
  t.same(told, ["e1", "e1"]);
  t.equal((await inbox.list({})).messages.length, 2);
});

t.test("a message and what is stored alongside are kept together or not at all", async (t) => {
  const { inbox, store } = await inboxOn(t);
  const told: unknown[] = [];
  inbox.events.on("entered", (event) => told.push(event));
  const full = {
    ...entry(1),
    thread: "t",
    room: "kitchen",
    turnId: "turn-1",
    replyTo: "m0",
    metadata: { loud: true },
  };
  await t.rejects(
    inbox.enter(full, ({ created }) => {
      t.equal(created, true);
      store.run("INSERT INTO nowhere VALUES (1)");
    }),
    { code: "INTERNAL" },
  );
  t.same(told, []);
  t.same(await inbox.counts(), { total: 0, unread: 0, archived: 0 });
  const { message } = await inbox.enter(full, ({ message }) =>
    store.run("INSERT INTO device_incarnations VALUES (?, 1)", message.id),
  );
  t.match(await inbox.get(message.id), { ...full, read: false, archived: false });
  t.ok(store.one("SELECT 1 FROM device_incarnations WHERE device_id = ?", message.id));
  t.equal(await inbox.get("none"), undefined);
});

t.test("pages neither lose nor repeat a message while others arrive", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 1, max: 7 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 }),
      async (size, limit, arrivals) => {
        const { inbox } = await inboxOn(t);
        for (let i = 0; i < size; i++) await inbox.enter(entry(i));
        let late = 0;
        const pages = await allPages(inbox, limit, async () => {
          const count = arrivals.shift() ?? 0;
          await Promise.all(Array.from({ length: count }, () => inbox.enter(entry(`late-${late++}`))));
        });
        const ids = pages.map((m) => m.externalId);
        t.same(
          ids,
          Array.from({ length: size }, (_, i) => `e${size - 1 - i}`),
        );
      },
    ),
    { numRuns: 20 },
  );
});

t.test("lists are narrowed by each member of the query and by words", async (t) => {
  const { inbox } = await inboxOn(t);
  await inbox.enter(entry(1, { text: "Turn on the café light", thread: "a", room: "kitchen" }));
  await inbox.enter(entry(2, { text: "lighten the load", channel: "signal", sender: "ben" }));
  const { message } = await inbox.enter(entry(3, { text: "done", direction: "out", thread: "a" }));
  const found = async (query: Parameters<StoredInbox["list"]>[0]) =>
    (await inbox.list(query)).messages.map((m) => m.externalId);
  t.same(await found({}), ["e3", "e2", "e1"]);
  t.same(await found({ channel: "signal" }), ["e2"]);
  t.same(await found({ thread: "a" }), ["e3", "e1"]);
  t.same(await found({ sender: "ben" }), ["e2"]);
  t.same(await found({ room: "kitchen" }), ["e1"]);
  t.same(await found({ unread: true }), ["e2", "e1"]);
  t.same(await found({ unread: false }), ["e3"]);
  t.same(await found({ text: "light" }), ["e2", "e1"], "the last word may be unfinished");
  t.same(await found({ text: "light the" }), ["e1"]);
  t.same(await found({ text: "CAFE" }), ["e1"]);
  t.same(await found({ text: 'load" OR "done' }), [], "nothing typed is an operator");
  t.same(await found({ text: "ben" }), ["e2"], "senders are searched too");
  t.same(await found({ text: " -- " }), []);
  await inbox.mark(message.id, { archived: true });
  t.same(await found({ archived: true }), ["e3"]);
  t.same(await found({ text: "done" }), []);
  await t.rejects(inbox.list({ cursor: "17; DROP TABLE messages" }), { code: "INPUT_INVALID" });
  t.same(await found({ limit: 0 }), ["e2"], "at least one");
});

t.test("counts equal a recount whatever is entered and marked", async (t) => {
  const { inbox } = await inboxOn(t);
  const ids: string[] = [];
  const action = fc.record({
    at: fc.nat({ max: 20 }),
    read: fc.option(fc.boolean(), { nil: undefined }),
    archived: fc.option(fc.boolean(), { nil: undefined }),
    direction: fc.constantFrom("in" as const, "out" as const),
  });
  await fc.assert(
    fc.asyncProperty(action, async ({ at, direction, ...flags }) => {
      const known = ids[at];
      if (known === undefined) ids.push((await inbox.enter(entry(ids.length, { direction }))).message.id);
      else await inbox.mark(known, flags);
      const messages = await Promise.all(ids.map((id) => inbox.get(id)));
      t.same(await inbox.counts(), {
        total: messages.length,
        unread: messages.filter((m) => !m?.read && !m?.archived).length,
        archived: messages.filter((m) => m?.archived).length,
      });
    }),
    { numRuns: 80 },
  );
  await t.rejects(inbox.mark("none", { read: true }), { code: "NOT_FOUND" });
});
