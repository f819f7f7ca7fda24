import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t, { type Test } from "tap";
import { originIn } from "../../hub/src/rigs/testing.ts";
import { House, LIGHT } from "../support/house.ts";
import { HUB_BIN, runOnce } from "../support/process.ts";

t.setTimeout(300_000);

/** Works visibly (a number that grows) and writes down what it is told, below `dir`. */
const agentIn = (dir: string) => `cd '${dir}'
(n=0; while :; do n=$((n+1)); echo $n >count.new; mv count.new count; sleep 0.05; done) &
while read line; do echo "$line" >>heard; echo '{"type":"heartbeat"}'; done`;

interface Listed {
  readonly address: string;
  readonly pid?: number;
}

function directoryOf(t: Test): string {
  // Short, because a socket lies in it.
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function fileOf({ dir }: House, name: string): string {
  const at = path.join(dir, name);
  return existsSync(at) ? readFileSync(at, "utf8") : "";
}

/** A hub, a kitchen with a light, a rig. */
async function town(t: Test, node: boolean): Promise<House> {
  const dir = directoryOf(t);
  const light = { line: LIGHT, name: "kitchen light", safe: 0 };
  const house = new House(dir, {
    hub: {
      work: { runner: "script", runners: { script: { argv: ["/bin/sh", "-c", agentIn(dir)], prompt: "protocol" } } },
    },
    node: { gpio: { driver: "fake", stateFile: path.join(dir, "pins.json"), lines: [light] } },
  });
  t.teardown(() => house.close());
  const { bare } = originIn(path.join(dir, "from"));
  await (node ? house.open() : house.startHub());
  t.match(await house.cli("workspace", "init", path.join(dir, "town")), { code: 0 });
  t.match(await house.cli("rig", "add", "shop", bare), { code: 0 });
  return house;
}

t.test("the emergency stop holds agents, work and pins, over kill -9 of the hub, until it is lifted", async (t) => {
  const house = await town(t, true);
  const bead = ((await house.cli("bead", "create", "Mend it", "--prefix", "sh")).json as { id: string }).id;
  const { result } = await house.call<{ result: { agent: string } }>("hooks.sling", { bead, to: "shop" }, 60_000);
  const { agent } = result;
  const counted = () => Number(fileOf(house, "count"));
  const goesOn = async (what: string) => {
    const before = counted();
    await house.eventually(what, async () => (counted() > before ? true : undefined));
  };
  const states = async () => {
    const { result } = await house.call<{ result: Listed[] }>("workers.list");
    const pid = result.find(({ address }) => address === agent)?.pid;
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
  };
  const write = (value: 0 | 1) =>
    house.cli("invoke", "Kitchen", "gpio.write", JSON.stringify({ line: "kitchen light", value }));
  await goesOn("an agent at work");
  t.match(await write(1), { code: 0 });
  t.equal(house.light(), 1);

  t.match(await house.cli("mail", "send", agent, "-s", "Hurry", "--urgent"), { code: 0 });
  t.match(await house.cli("nudge", agent, "how far?"), { code: 0 });
  await house.eventually("what the agent is told", async () => {
    const heard = fileOf(house, "heard");
    return heard.includes("Mail from overseer: Hurry") && heard.includes("how far?") ? true : undefined;
  });

  const stopped = await house.cli("estop", "smoke", "in the kitchen");
  t.match(stopped, { code: 0, json: { stopped: true, kept: true, held: { outputs: ["Kitchen: kitchen light"] } } });
  t.match(JSON.stringify(stopped.json), agent);
  t.equal(house.light(), 0, "the output is safe");
  const held = async (when: string) => {
    t.equal(
      await house.eventually("a held process", async () => ((await states()) === "T" ? "T" : undefined)),
      "T",
      when,
    );
    const before = counted();
    t.match(await write(1), { code: 1, stderr: /an emergency stop holds since .*smoke in the kitchen.*barnacle thaw/ });
    t.equal(house.light(), 0);
    const other = ((await house.cli("bead", "create", `Later ${when}`, "--prefix", "sh")).json as { id: string }).id;
    await t.rejects(house.call("hooks.sling", { bead: other, to: "shop" }, 60_000), { message: /emergency stop/ });
    t.equal(counted(), before, "it stands still");
    t.match(await house.cli("estop", "status"), { code: 1, json: { stopped: true, reason: "smoke in the kitchen" } });
    t.match(await house.cli("status"), { code: 0, json: { emergencyStop: { reason: "smoke in the kitchen" } } });
  };
  await held("at once");
  await house.hub?.kill();
  await house.startHub();
  await house.eventually("the node's return", async () => {
    const { json } = await house.cli("devices", "list");
    return (json as { online: boolean }[]).some(({ online }) => online) ? true : undefined;
  });
  await held("after kill -9");

  t.match(await house.cli("thaw", "aired"), { code: 0, json: { stopped: false, changed: true } });
  await goesOn("an agent that goes on");
  t.match(await write(1), { code: 0 });
  t.equal(house.light(), 1);
  const { json } = await house.cli("audit", "list", "--limit", "200");
  const kinds = (json as { subject: string; data: { rule?: string; effect?: string } }[]).filter(
    ({ subject, data }) => subject.startsWith("estop.") || data.rule?.startsWith("emergency-"),
  );
  for (const [rule, effect] of [
    ["emergency-stop", "deny"],
    ["emergency-safe", "allow"],
  ]) {
    t.ok(
      kinds.some(({ data }) => data.rule === rule && data.effect === effect),
      `${rule} on record`,
    );
  }
  t.match(await house.cli("audit", "verify"), { code: 0 });
});

t.test("mail, nudges and calls for help are there after kill -9, each once, whether a hub runs or not", async (t) => {
  const house = await town(t, false);
  const [sent] = (await house.cli("mail", "send", "ben", "-s", "Read me")).json as { id: string }[];
  await house.cli("mail", "queue", "create", "jobs");
  t.match(await house.cli("nudge", "shop/polecats/later", "good morning"), { json: { delivered: "queued" } });
  for (const n of [1, 2, 3]) await house.cli("mail", "send", "queue:jobs", "-s", `job ${n}`);
  await house.hub?.kill();
  t.match(await house.cli("mail", "inbox", "ben"), { code: 0, json: [{ id: sent?.id, delivery_state: "pending" }] });
  const raised = (await house.cli("escalate", "Leak", "-s", "critical", "--key", "leak")).json as { id: string };
  await house.startHub();
  const inbox = async () => {
    const { messages } = await house.call<{ messages: { text: string; channel: string }[] }>("barnacle.inbox.list", {
      channel: "mail",
    });
    return messages;
  };
  await house.eventually("the call in the household's inbox", async () =>
    (await inbox()).some(({ text }) => text.startsWith("[CRITICAL] Leak")) ? true : undefined,
  );
  await house.hub?.kill();
  await house.startHub();
  t.match(await house.cli("escalate", "Leak", "--key", "leak", "-s", "critical"), {
    json: { id: raised.id, occurrences: 2 },
  });
  t.equal((await inbox()).length, 1, "once");
  t.match(await house.cli("escalate", "ack", raised.id), { json: { state: "acked" } });

  const claims = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      runOnce(HUB_BIN, ["mail", "claim", "jobs", "--identity", `w${n}`, "--json", "--state-dir", house.hubState]),
    ),
  );
  const won = claims
    .filter(({ code }) => code === 0)
    .map(({ stdout }) => JSON.parse(stdout) as { subject: string; id: string });
  t.same(won.map(({ subject }) => subject).sort(), ["job 1", "job 2", "job 3"], "three jobs, three winners of eight");
  t.equal(claims.filter(({ code }) => code === 1).length, 5);
  const seen = await house.call<{ result: object[] }>("mail.queue", { name: "jobs" });
  t.match(
    await house.cli("mail", "queue", "show", "jobs"),
    { json: seen.result },
    "command line and gateway see the same",
  );

  t.match(await house.cli("nudge", "list", "shop/polecats/later"), { json: [{ text: "good morning" }] });
  const bead = ((await house.cli("bead", "create", "Work", "--prefix", "sh")).json as { id: string }).id;
  await house.call("hooks.sling", { bead, to: "shop/polecats/later", create: true }, 60_000);
  await house.eventually("the nudge that waited", async () =>
    fileOf(house, "heard").includes("good morning") ? true : undefined,
  );
  t.match(await house.cli("nudge", "list", "shop/polecats/later"), { json: [] });
});
