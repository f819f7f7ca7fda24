import { generateIdentity } from "@barnacle/protocol/identity";
import { GatewayWire } from "../support/gateway-wire.ts";
import { COMMAND, cpuSeconds, type Subject } from "./gateway-subject.ts";
import { percentile } from "./machine.ts";

/** One scene on one gateway: CPU of the gateway's processes and what a client waits. */
export interface Scene {
  readonly name: string;
  readonly operations: number;
  readonly cpuMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const ADMIN = ["operator.admin"];

/** Connects with a paired device again and again. */
export async function handshakes(subject: Subject, times: number): Promise<Scene> {
  const identity = generateIdentity();
  const login = { ...auth(subject), role: "operator" as const, scopes: ADMIN, identity };
  const once = async (): Promise<void> => {
    const wire = new GatewayWire(subject.url);
    const hello = await wire.login(login);
    if (!hello?.ok) throw new TypeError(`${subject.name}: ${JSON.stringify(hello)}`);
    await wire.end();
  };
  await once();
  return measured(subject, "device handshake", times, 1, once);
}

/** `method` from many connections, one at a time on each. */
export async function requests(subject: Subject, method: string, connections: number, times: number): Promise<Scene> {
  const wires = await admitted(subject, connections);
  const each = Math.ceil(times / connections);
  let n = 0;
  const scene = await measured(
    subject,
    `${method}, ${connections} connections`,
    each * connections,
    connections,
    (lane) => answered(wires[lane] as GatewayWire, `r${n++}`, method, {}),
  );
  for (const wire of wires) await wire.end();
  return scene;
}

/** `node.invoke` through the gateway to a node that answers at once. */
export async function invokes(subject: Subject, times: number): Promise<Scene> {
  const identity = generateIdentity();
  const [operator] = await admitted(subject, 1);
  if (!operator) throw new TypeError("no operator");
  const node = await nodeOn(subject, identity, operator);
  let n = 0;
  const scene = await measured(subject, "node.invoke round trip", times, 1, () =>
    answered(operator, `i${n}`, "node.invoke", {
      ...{ nodeId: identity.deviceId, command: COMMAND, params: { bins: ["ls"] } },
      ...{ timeoutMs: 10_000, idempotencyKey: `load-${process.pid}-${n++}` },
    }),
  );
  await node.end();
  await operator.end();
  return scene;
}

/** One change that a hundred operators are told. */
export async function fanOut(subject: Subject, listeners: number, times: number): Promise<Scene> {
  const wires = await admitted(subject, listeners);
  const [speaker] = await admitted(subject, 1);
  if (!speaker) throw new TypeError("no operator");
  let n = 0;
  const scene = await measured(subject, `event to ${listeners} operators`, times, 1, async () => {
    const mark = `word${n++}`;
    const heard = Promise.all(
      wires.map((wire) =>
        wire.find((frame) => frame.event === "voicewake.changed" && JSON.stringify(frame).includes(`"${mark}"`)),
      ),
    );
    await answered(speaker, `v${n}`, "voicewake.set", { triggers: [mark] });
    await heard;
    for (const wire of [...wires, speaker]) wire.drain();
  });
  for (const wire of [...wires, speaker]) await wire.end();
  return scene;
}

function auth({ token, protocol }: Subject): { token: string; protocol: number } {
  return { token, protocol };
}

async function admitted(subject: Subject, count: number): Promise<GatewayWire[]> {
  const identity = generateIdentity();
  const wires: GatewayWire[] = [];
  for (let i = 0; i < count; i++) {
    const wire = new GatewayWire(subject.url);
    const hello = await wire.login({ ...auth(subject), role: "operator", scopes: ADMIN, identity });
    if (!hello?.ok) throw new TypeError(`${subject.name}: ${JSON.stringify(hello)}`);
    wire.drain();
    wires.push(wire);
  }
  return wires;
}

/** A connected node whose one command is approved, whichever gates this gateway has. */
async function nodeOn(
  subject: Subject,
  identity: ReturnType<typeof generateIdentity>,
  operator: GatewayWire,
): Promise<GatewayWire> {
  const login = { ...auth(subject), role: "node" as const, scopes: [], identity, commands: [COMMAND] };
  for (let attempt = 0; attempt < 10; attempt++) {
    const wire = new GatewayWire(subject.url);
    const hello = await wire.login(login);
    const described = await operator.request(`d${attempt}`, "node.describe", { nodeId: identity.deviceId });
    if (
      hello?.ok &&
      JSON.stringify((described?.payload as { commands?: string[] })?.commands ?? []).includes(COMMAND)
    ) {
      serve(wire, identity.deviceId);
      operator.drain();
      return wire;
    }
    for (const family of ["device", "node"]) {
      const list = await operator.request(`l${family}${attempt}`, `${family}.pair.list`, {});
      for (const { requestId } of (list?.payload as { pending?: { requestId: string }[] } | undefined)?.pending ?? []) {
        await operator.request(`a${requestId}`, `${family}.pair.approve`, { requestId });
      }
    }
    await wire.end();
  }
  throw new TypeError(`${subject.name}: the node's command was not approved`);
}

function serve(wire: GatewayWire, nodeId: string): void {
  wire.ws.on("message", (data) => {
    const frame = JSON.parse(String(data)) as { event?: string; payload?: { id?: string } };
    wire.drain();
    if (frame.event !== "node.invoke.request") return;
    const id = frame.payload?.id;
    const params = { id, nodeId, ok: true, payloadJSON: '{"bins":{"ls":"/usr/bin/ls"}}' };
    wire.send(JSON.stringify({ type: "req", id: `r-${id}`, method: "node.invoke.result", params }));
  });
}

async function answered(wire: GatewayWire, id: string, method: string, params: unknown): Promise<void> {
  const answer = await wire.request(id, method, params);
  if (!answer?.ok) throw new TypeError(`${method}: ${JSON.stringify(answer)}`);
  wire.drain();
}

/** Runs `lanes` loops side by side until `operations` are done. */
async function measured(
  { pid }: Subject,
  name: string,
  operations: number,
  lanes: number,
  one: (lane: number) => Promise<void>,
): Promise<Scene> {
  const waits: number[] = [];
  let left = operations;
  const before = cpuSeconds(pid);
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (left-- > 0) {
        const began = performance.now();
        await one(lane);
        waits.push(performance.now() - began);
      }
    }),
  );
  const cpuMs = ((cpuSeconds(pid) - before) * 1000) / operations;
  return { name, operations, cpuMs, p50Ms: percentile(waits, 0.5), p99Ms: percentile(waits, 0.99) };
}
