import { connect } from "node:net";
import path from "node:path";
import { silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { LocalDoor } from "./local-door.ts";
import { open, operator, testGateway } from "./testing.ts";

interface Shown {
  readonly id: string;
  readonly title: string;
  readonly status: string;
}

t.test("beads over the gateway: what is changed is told, recorded, and read again", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const call = async <T>(method: string, params?: unknown) =>
    (await client.call<{ result: T }>(`beads.${method}`, params)).result;
  const gate = await call<Shown>("create", { title: "Fix the gate", priority: 1, labels: ["garden"], actor: "anna" });
  t.match(gate, { id: /^hq-[0-9a-z]{3}$/, status: "open", created_by: "anna" });
  const event = await client.nextEvent("beads.changed");
  t.match(event.payload, { events: [{ id: gate.id, who: "anna", kind: "created" }], omitted: 0 });
  const paint = await call<Shown>("create", { title: "Paint it", dependencies: [{ on: gate.id }] });
  t.match(await call("ready"), [{ id: gate.id }]);
  t.match(await call("blocked"), [{ id: paint.id, blocked_by: [{ id: gate.id }] }]);
  t.match(await call("claim", { id: gate.id, actor: "ben", leaseMs: 60_000 }), {
    status: "in_progress",
    assignee: "ben",
  });
  t.match(await client.request("beads.claim", { id: gate.id, actor: "carl" }), {
    ok: false,
    error: { message: `${gate.id} is already claimed by ben` },
  });
  t.match(await call("close", { ids: [gate.id, "hq-none"], reason: "Oiled", suggestNext: true }), {
    ...{ closed: [{ id: gate.id }], refused: [{ id: "hq-none", code: "BEAD_UNKNOWN" }], next: [{ id: paint.id }] },
  });
  t.match(await call("show", { ids: [paint.id] }), [{ dependencies: [{ id: gate.id, dependency_type: "blocks" }] }]);
  t.match(await call("batch", { lines: ["create 'third one' priority=0", `close ${paint.id} done`] }), { lines: 2 });
  t.match(await call("stats"), { total_issues: 3, closed_issues: 2, ready_issues: 1 });
  t.match(await client.request("beads.batch", { lines: ["create x", "close hq-none"] }), {
    ok: false,
    error: { message: /line 2: no bead/ },
  });
  t.equal((await call<Shown[]>("list", { all: true })).length, 3, "all or nothing");
  const { lines } = await call<{ lines: string[] }>("export");
  t.equal(lines.length, 3);
  t.match(await call("import", { lines }), { unchanged: 3 });
  t.match(await client.request("beads.create", { title: "" }), {
    ok: false,
    error: { message: /invalid beads.create params/ },
  });
  t.same(await call("gates", {}), []);
  const records = await hub.audit.list({});
  t.match(
    records.filter(({ kind }) => kind === "work").map(({ subject }) => subject),
    new Array(9).fill(/^beads\./),
  );
  t.match(records.find(({ subject }) => subject === "beads.import")?.data, { params: { lines: 3 } });
});

t.test("reading asks for operator.read, changing for operator.write", async (t) => {
  const hub = await testGateway(t);
  const reader = await operator(t, hub, { scopes: ["operator.read"] });
  t.match(await reader.request("beads.ready", {}), { ok: true });
  t.match(await reader.request("beads.create", { title: "x" }), {
    ok: false,
    error: { message: /missing scope: operator.write/ },
  });
});

t.test("the local socket serves work to who may open it, and nothing else", async (t) => {
  const hub = await testGateway(t);
  const door = new LocalDoor({ stateDir: hub.store.stateDir, calls: hub.gateway, log: silentLog });
  await door.start();
  t.teardown(() => door.stop());
  const socket = connect(path.join(hub.store.stateDir, "hub.sock"));
  socket.setEncoding("utf8");
  const answers: { ok: boolean; payload?: unknown; error?: unknown }[] = [];
  let got = () => {};
  let rest = "";
  socket.on("data", (chunk: string) => {
    rest += chunk;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) answers.push(JSON.parse(line));
    got();
  });
  const ask = (...lines: string[]) => socket.write(lines.map((line) => `${line}\n`).join(""));
  ask('{"method":"beads.create","params":{"title":"by socket"}}', '{"method":"beads.list"}', "nonsense");
  ask('{"method":"config.get"}', '{"method":"beads.create","params":{}}');
  await new Promise<void>((resolve) => {
    got = () => answers.length >= 5 && resolve();
    got();
  });
  t.match(answers, [
    { ok: true, payload: { result: { title: "by socket", created_by: "cli" } } },
    { ok: true, payload: { result: [{ title: "by socket" }] } },
    { ok: false, error: { code: "INTERNAL" } },
    { ok: false, error: { code: "METHOD_UNKNOWN", message: "unknown method: config.get" } },
    { ok: false, error: { code: "INPUT_INVALID" } },
  ]);
  t.match((await hub.audit.list({})).at(0), { kind: "work", principal: { id: "token:cli" }, subject: "beads.create" });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await door.stop();
  await closed;
  t.match(await open(t, hub), {}, "the gateway is there all the same");

  const deep = new LocalDoor({ stateDir: `/tmp/${"x".repeat(120)}`, calls: hub.gateway, log: silentLog });
  await deep.start();
  await deep.stop();
  const nowhere = new LocalDoor({ stateDir: "/proc/nowhere", calls: hub.gateway, log: silentLog });
  await nowhere.start();
  await nowhere.stop();
});
