import type { Supervisor } from "@barnacle/protocol/supervisor";
import type { Agent } from "../agent.ts";

/** The parts whose states make the line that `systemctl status barnacle-node` shows, with their names in it. */
const PARTS: Readonly<Record<string, string>> = { link: "hub", uplink: "gateway", microphone: "microphone" };

/**
 * Tells the service manager how the node is; `ready` is to be called once it hears and obeys. From then on the watchdog
 * hears from the event loop, as long as the voice engines work off what the microphone hears.
 */
export function superviseNode(
  agent: Pick<Agent, "events" | "ailment">,
  supervisor: Supervisor,
): { ready(): void; stopping(): void } {
  const states = new Map<string, string>();
  const line = (): string => [...states.values()].join("; ");
  let isReady = false;
  agent.events.on("state", ({ part, state, reason, command }) => {
    const name = PARTS[part];
    if (name === undefined) return;
    const why = [reason, command].find((value) => typeof value === "string" && value !== "");
    states.set(part, `${name} ${state}${why === undefined ? "" : ` (${why})`}`);
    if (isReady) supervisor.status(line());
  });
  return {
    ready() {
      isReady = true;
      supervisor.ready(line());
      supervisor.watch(() => agent.ailment());
    },
    stopping() {
      isReady = false;
      supervisor.stopping("stopping");
    },
  };
}
