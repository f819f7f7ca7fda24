/**
 * Many idle clients at once: what each costs the hub, and how long a message to all of them takes.
 *
 *   node test/load/clients.ts [--clients 5000] [--json]
 *
 * A real hub in a process of its own; operators of protocol 4, admitted with the shared token, twenty at a time. The client
 * side is in this process and not in the figures.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { cpuSeconds, residentBytes, startOurs } from "./gateway-subject.ts";
import { type Figure, report } from "./machine.ts";

const { values } = parseArgs({
  options: { clients: { type: "string", default: "5000" }, json: { type: "boolean", default: false } },
});
const count = Number(values.clients);
const wanted = { minProtocol: 4, maxProtocol: 4, role: "operator", scopes: ["operator.read"] };
const client = { id: "gateway-client", mode: "backend", version: "1", platform: "linux" };
const AT_ONCE = 20;
const SETTLE_MS = 10_000;

const dir = mkdtempSync(path.join(tmpdir(), "barnacle-clients-"));
const subject = await startOurs(dir);
try {
  for (let i = 0; i < AT_ONCE; i++) await admitted();
  await settle();
  const [bytes, seconds] = [residentBytes(subject.pid), cpuSeconds(subject.pid)];
  const clients: WebSocket[] = [];
  while (clients.length < count) clients.push(...(await Promise.all(Array.from({ length: AT_ONCE }, admitted))));
  const connectMs = ((cpuSeconds(subject.pid) - seconds) * 1000) / count;
  await settle();
  const kilobytes = (residentBytes(subject.pid) - bytes) / count / 1000;
  const alive = clients.filter((client) => client.readyState === client.OPEN).length;
  const figures: Figure[] = [
    { name: "clients lost", value: count - alive, limit: 0, unit: "" },
    { name: "memory per client", value: Math.round(kilobytes * 10) / 10, limit: 20, unit: "kB" },
    { name: "processor time per connect", value: Math.round(connectMs * 100) / 100, limit: 10, unit: "ms" },
  ];
  report("Many clients", `${count} idle operators`, "node test/load/clients.ts", figures, values.json);
} finally {
  await subject.stop();
  rmSync(dir, { recursive: true, force: true });
  // Thousands of sockets that nobody waits for.
  process.exit();
}

/** One operator whose hello has come. */
function admitted(): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(subject.url, { perMessageDeflate: false });
    socket.on("error", reject);
    socket.on("message", (data) => {
      const frame = JSON.parse(data.toString()) as { event?: string; id?: string; ok?: boolean };
      if (frame.event === "connect.challenge") {
        const params = { ...wanted, client, auth: { token: subject.token } };
        socket.send(JSON.stringify({ type: "req", id: "connect", method: "connect", params }));
      }
      if (frame.id !== "connect") return;
      socket.removeAllListeners("message");
      if (frame.ok) resolve(socket);
      else reject(new RangeError("a client was not admitted"));
    });
  });
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
