import { readFileSync } from "node:fs";
import { SCOPES } from "@barnacle/protocol/gateway";
import t from "tap";
import { ALL_NAMES, METHODS } from "./index.ts";

/** The published table of protocol 4's methods: name → scope. */
const PUBLISHED = JSON.parse(
  readFileSync(
    new URL("../../../../node_modules/@openclaw/gateway-protocol/protocol.schema.json", import.meta.url),
    "utf8",
  ),
).methods as Record<string, { scope: string }>;

/** What a gateway of January 2026 lists in `features.methods`, and what its apps called besides. */
const JANUARY =
  `health logs.tail channels.status channels.logout status usage.status usage.cost tts.status tts.providers
  tts.enable tts.disable tts.convert tts.setProvider config.get config.set config.apply config.patch config.schema
  exec.approvals.get exec.approvals.set exec.approvals.node.get exec.approvals.node.set exec.approval.request
  exec.approval.resolve wizard.start wizard.next wizard.cancel wizard.status talk.mode models.list agents.list skills.status
  skills.bins skills.install skills.update update.run voicewake.get voicewake.set sessions.list sessions.preview
  sessions.patch sessions.reset sessions.delete sessions.compact sessions.resolve last-heartbeat wake
  node.pair.request node.pair.list node.pair.approve node.pair.reject node.pair.verify device.pair.list
  device.pair.approve device.pair.reject device.token.rotate device.token.revoke node.rename node.list node.describe
  node.invoke node.invoke.result node.event cron.list cron.status cron.add cron.update cron.remove cron.run cron.runs
  system-presence send poll agent agent.identity.get agent.wait browser.request chat.history chat.abort
  chat.send chat.inject web.login.start web.login.wait`.split(/\s+/);

/** Methods of the two tables that do not need what is published, with the reason. */
const OTHER_ACCESS: Readonly<Record<string, string>> = {};

t.test("no method is defined twice: the later would hide the earlier", async (t) => {
  t.same(
    ALL_NAMES.filter((name, i) => ALL_NAMES.indexOf(name) !== i),
    [],
  );
});

t.test(
  "every method that the published protocols name is in the table: done, done in part, or not here for a reason",
  async (t) => {
    const wanted = new Set([...Object.keys(PUBLISHED), ...JANUARY]);
    wanted.delete("connect");
    t.ok(wanted.size > 410, `${wanted.size} names`);
    const missing = [...wanted].filter((name) => !METHODS.has(name));
    t.same(missing, [], "neither answered nor refused by name");
  },
);

t.test("a method asks of its callers what the published table asks", async (t) => {
  for (const [name, { scope }] of Object.entries(PUBLISHED)) {
    const found = METHODS.get(name);
    if (!found || scope === "dynamic" || name in OTHER_ACCESS) continue;
    const ours = found.access === "node" ? "node" : SCOPES[found.access];
    t.equal(ours, scope, name);
  }
});

t.test("reasons are given in words that a caller can use", async (t) => {
  for (const { name, support } of METHODS.values()) {
    if (typeof support === "string") continue;
    const why = "none" in support ? support.none : support.partial;
    t.ok(why.length > 15 && !why.includes("TODO"), name);
  }
});
