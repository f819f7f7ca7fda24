/**
 * What durable writing and searching cost: audit records, one at a time and together, and a full inbox.
 *
 *   node test/load/store.ts [--messages 100000] [--json]
 *
 * Every audit record is on disk before it counts. Targets on the development machine with 100,000 messages: a page in
 * at most 50 ms, a search in at most 200 ms.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { silentLog, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import { AuditTrail } from "../../hub/src/audit/index.ts";
import { StoredInbox } from "../../hub/src/inbox/index.ts";
import { Store } from "../../hub/src/store/index.ts";

const PAGE_MS = 50;
const SEARCH_MS = 200;
const WORDS =
  "turn on off the kitchen hall light lamp radio set a timer for ten minutes lock door what time is it".split(" ");

const { values } = parseArgs({
  options: { messages: { type: "string", default: "100000" }, json: { type: "boolean", default: false } },
});
const messages = Number(values.messages);
const stateDir = mkdtempSync(path.join(tmpdir(), "barnacle-load-"));
const store = new Store({ stateDir, clock: systemClock, log: silentLog });
await store.start();

const audit = new AuditTrail({ store, clock: systemClock, log: silentLog });
const append = () =>
  audit.append({
    kind: "decision",
    principal: { kind: "voice", id: "n" },
    subject: "d",
    data: { command: "gpio.write" },
  });
const single = await lap(async () => {
  for (let i = 0; i < 200; i++) await append();
});
const together = await lap(async () => {
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 100 }, append));
});
const verify = await lap(() => audit.verify());

const inbox = new StoredInbox({ store, clock: systemClock, random: systemRandom });
const fill = await lap(async () => {
  for (let i = 0; i < messages; i += 500) {
    await Promise.all(Array.from({ length: Math.min(500, messages - i) }, (_, j) => enter(i + j)));
  }
});
const first = await inbox.list({ limit: 50 });
const page = await lap(() => inbox.list({ limit: 50, cursor: first.nextCursor }));
const filtered = await lap(() => inbox.list({ channel: "signal", unread: true, limit: 50 }));
const search = await lap(() => inbox.list({ text: "kitchen light", limit: 50 }));
const rare = await lap(() => inbox.list({ text: `message${messages - 1}`, limit: 50 }));
const counts = await lap(() => inbox.counts());
await store.stop();
const reopened = await lap(async () => {
  const again = new Store({ stateDir, clock: systemClock, log: silentLog });
  await again.start();
  await again.stop();
});
rmSync(stateDir, { recursive: true, force: true });

const result = {
  machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`,
  input: `${messages} messages, 2200 audit records`,
  command: `node test/load/store.ts --messages ${messages}`,
  auditOneAtATimePerS: Math.round(200_000 / single),
  auditTogetherPerS: Math.round(2_000_000 / together),
  auditVerifyMs: verify,
  inboxEnterPerS: Math.round((messages * 1000) / fill),
  inboxPageMs: page,
  inboxFilteredMs: filtered,
  inboxSearchMs: search,
  inboxRareSearchMs: rare,
  inboxCountsMs: counts,
  openMs: reopened,
  ok: page <= PAGE_MS && filtered <= PAGE_MS && search <= SEARCH_MS && rare <= SEARCH_MS,
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else for (const [name, value] of Object.entries(result)) process.stdout.write(`${name.padEnd(20)} ${value}\n`);
process.exitCode = result.ok ? 0 : 1;

function enter(n: number) {
  const text = Array.from({ length: 6 }, (_, k) => WORDS[(n * 7 + k * k * (n % 13)) % WORDS.length]).join(" ");
  return inbox.enter({
    channel: n % 3 ? "voice" : "signal",
    account: "home",
    externalId: String(n),
    direction: n % 2 ? "in" : "out",
    sender: "somebody",
    text: `${text} message${n}`,
    at: n,
  });
}

/** Milliseconds that `work` took. */
async function lap(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round((performance.now() - started) * 10) / 10;
}
