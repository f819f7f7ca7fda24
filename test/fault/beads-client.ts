/** One of many processes that work on the same beads over the hub's socket. Orders come on standard input, one per line. */
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { hasCode, toBarnacleError } from "@barnacle/protocol/errors";
import { seededRandom } from "@barnacle/protocol/runtime";
import { HubSocket } from "../../hub/src/cli/work/socket.ts";

const [stateDir = "", name = "", mode = "race", operations = "0"] = process.argv.slice(2);
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

/** What the hub acknowledged is said, after it was. A call that the hub's death cut off is not repeated. */
async function mixed(): Promise<void> {
  const random = seededRandom([...name].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7));
  const known: string[] = [];
  let socket = await door();
  for (let i = 0; i < Number(operations); i++) {
    const id = known[Math.floor(random.unit() * known.length)] ?? "";
    const other = known[Math.floor(random.unit() * known.length)] ?? "";
    const step = known.length < 5 ? 0 : Math.floor(random.unit() * 8);
    try {
      if (step <= 1) {
        const { id: made } = await call<{ id: string }>(socket, "create", { title: `${name} ${i}` });
        known.push(made);
        say({ op: "create", id: made });
      } else if (step === 2) {
        await call(socket, "claim", { id });
        say({ op: "claim", id });
      } else if (step === 3) {
        await call(socket, "close", { ids: [id], force: true });
        say({ op: "close", id });
      } else if (step === 4) {
        await call(socket, "depAdd", { id, on: other });
        say({ op: "dep", id, on: other });
      } else if (step === 5) {
        await call(socket, "comment", { id, text: `${name}:${i}` });
        say({ op: "comment", id, text: `${name}:${i}` });
      } else if (step === 6) {
        await call(socket, "update", { ids: [id], fields: { notes: `${name}:${i}` } });
        say({ op: "notes", id, text: `${name}:${i}` });
      } else {
        const ready = await call<{ id: string }[]>(socket, "ready", { limit: 20 });
        for (const bead of ready) if (!known.includes(bead.id)) known.push(bead.id);
        say({ op: "ready" });
      }
    } catch (error) {
      say({ op: "refused", code: toBarnacleError(error).code });
      if (!hasCode(error, "HUB_UNREACHABLE")) continue;
      socket.close();
      socket = await door();
    }
  }
  socket.close();
  say({ done: true });
}

await (mode === "race" ? race() : mixed());
