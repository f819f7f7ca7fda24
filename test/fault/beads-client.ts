/** One of many processes that work on the same beads over the hub's socket. Orders come on standard input, one per line. */
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { hasCode, toBarnacleError } from "@barnacle/protocol/errors";
import { HubSocket } from "../../hub/src/cli/work/socket.ts";
import { type Operation, token } from "./beads-model.ts";

const [stateDir = "", name = "", mode = "race"] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Waits for a hub that is away. */
async function door(): Promise<HubSocket> {
  for (;;) {
    const socket = await HubSocket.open(stateDir);
    if (socket) return socket;
    await pause(20);
  }
}

async function call<T>(socket: HubSocket, method: string, params: object): Promise<T> {
  return (await socket.call<{ result: T }>(`beads.${method}`, { ...params, actor: name })).result;
}

async function race(): Promise<void> {
  const socket = await door();
  say({ ready: true });
  for await (const id of createInterface({ input: process.stdin })) {
    try {
      await call(socket, "claim", { id });
      say({ id, won: true });
    } catch (error) {
      const { code, message } = toBarnacleError(error);
      say({ id, won: false, code, message });
    }
  }
  socket.close();
}

/** What to do comes line by line. What is asked is said before, how it was answered after; what the hub's death cut off is not repeated. */
async function mixed(): Promise<void> {
  const known: string[] = [];
  let socket = await door();
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const { n, op, at, to } = JSON.parse(line) as { n: number; op: Operation; at: number; to: number };
    const id = known[at % known.length] ?? "";
    const on = known[to % known.length] ?? "";
    const chosen = known.length < 3 && op !== "ready" ? "create" : op;
    const step = { who: name, n, op: chosen, id: chosen === "create" ? "" : id, on };
    try {
      const made = await perform(socket, chosen, id, on, token(step));
      for (const one of made) if (!known.includes(one)) known.push(one);
      say({ ...step, answer: "done" });
    } catch (error) {
      const gone = hasCode(error, "HUB_UNREACHABLE");
      say({ ...step, answer: gone ? "cut" : "refused", code: toBarnacleError(error).code });
      if (!gone) continue;
      socket.close();
      socket = await door();
    }
  }
  socket.close();
  say({ done: true });
}

/** @returns beads that the client knows from then on */
async function perform(socket: HubSocket, op: Operation, id: string, on: string, text: string): Promise<string[]> {
  const ask = <T>(method: string, params: object) => call<T>(socket, method, params);
  const made = ({ id }: { id: string }) => [id];
  switch (op) {
    case "create":
      return made(await ask("create", { title: text }));
    case "claimNext": {
      const bead = await ask<{ id: string } | null>("claimNext", {});
      return bead ? [bead.id] : [];
    }
    case "ready":
      return (await ask<{ id: string }[]>("ready", { limit: 20 })).map((bead) => bead.id);
    case "batch":
    case "badBatch": {
      const lines = [
        `create "${text}"`,
        `update ${id} notes="${text}"`,
        ...(op === "badBatch" ? ["close hq-none"] : []),
      ];
      const { done } = await ask<{ done: { id: string }[] }>("batch", { lines });
      return [done[0]?.id ?? ""];
    }
    default:
      await ask(...ORDERS[op](id, on, text));
      return [];
  }
}

type Single = Exclude<Operation, "create" | "claimNext" | "ready" | "batch" | "badBatch">;

const ORDERS: Readonly<Record<Single, (id: string, on: string, text: string) => [method: string, params: object]>> = {
  claim: (id) => ["claim", { id }],
  close: (id, _, reason) => ["close", { ids: [id], force: true, reason }],
  reopen: (id, _, reason) => ["reopen", { ids: [id], reason }],
  comment: (id, _, text) => ["comment", { id, text }],
  notes: (id, _, notes) => ["update", { ids: [id], fields: { notes } }],
  label: (id, _, label) => ["update", { ids: [id], addLabels: [label] }],
  dep: (id, on) => ["depAdd", { id, on }],
  depRemove: (id, on) => ["depRemove", { id, on }],
  fail: (id, _, reason) => ["fail", { id, reason }],
  release: (id) => ["release", { ids: [id] }],
  delete: (id, _, reason) => ["delete", { ids: [id], reason }],
};

await (mode === "race" ? race() : mixed());
