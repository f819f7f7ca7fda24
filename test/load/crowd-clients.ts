/**
 * A share of the crowd of `crowd.ts`, as a process of its own: `node crowd-clients.ts <url> <token> <count>`. It says over
 * IPC when all are admitted, and from then on, whenever it is asked, what they have heard.
 */
import { WebSocket } from "ws";

export interface Heard {
  readonly open: number;
  /** Milliseconds from the moment named in the event to its arrival, one per client and mark. */
  readonly delaysMs: readonly number[];
  readonly ticks: number;
}

const AT_ONCE = 20;
const MARK = "sent-at-";
const [url = "", token = "", count = "0"] = process.argv.slice(2);
const client = { id: "gateway-client", mode: "backend", version: "1", platform: "linux" };
const wanted = { minProtocol: 4, maxProtocol: 4, role: "operator", scopes: ["operator.read"], client, auth: { token } };

const crowd: WebSocket[] = [];
let delaysMs: number[] = [];
let ticks = 0;

while (crowd.length < Number(count)) {
  const missing = Math.min(AT_ONCE, Number(count) - crowd.length);
  crowd.push(...(await Promise.all(Array.from({ length: missing }, admitted))));
}
process.send?.({ admitted: crowd.length });
process.on("message", () => {
  const open = crowd.filter((one) => one.readyState === one.OPEN).length;
  process.send?.({ open, delaysMs, ticks } satisfies Heard);
  [delaysMs, ticks] = [[], 0];
});

/** One operator whose hello has come. */
function admitted(): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on("error", reject);
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as { event?: string; id?: string; ok?: boolean };
      if (frame.event === "connect.challenge") {
        socket.send(JSON.stringify({ type: "req", id: "connect", method: "connect", params: wanted }));
      }
      if (frame.id !== "connect") return;
      if (!frame.ok) return reject(new RangeError(String(data)));
      socket.removeAllListeners("message");
      socket.on("message", hear);
      resolve(socket);
    });
  });
}

/** Without parsing: thousands of listeners share this process, and their work must not look like the hub's. */
function hear(data: unknown): void {
  const now = performance.timeOrigin + performance.now();
  const text = String(data);
  if (text.startsWith('{"type":"event","event":"tick"')) ticks++;
  const at = text.indexOf(MARK);
  if (at >= 0) delaysMs.push(now - Number.parseFloat(text.slice(at + MARK.length)));
}
