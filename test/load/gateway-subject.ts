import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Program } from "../compat/support/programs.ts";
import { RealGateway } from "../compat/support/real-gateway.ts";
import { GatewayWire } from "../support/gateway-wire.ts";
import { House } from "../support/house.ts";

const CLOCK_TICKS = 100;

/** A gateway under measurement: ours or a real one, as a process of its own. */
export interface Subject {
  readonly name: string;
  readonly protocol: 3 | 4;
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Commands that the measuring node offers; every gateway lets a Linux node have it. */
export const COMMAND = "system.which";

export async function startOurs(dir: string): Promise<Subject> {
  const token = "load-gateway-token-0123456789";
  const gateway = { token, requestsPerMinute: 100_000_000 };
  const rules = [{ id: "load", effect: "allow", principals: ["operator"], names: [COMMAND] }];
  const house = new House(dir, { hub: { gateway, policy: { rules } } });
  const hub = await house.startHub();
  return {
    ...{ name: "barnacle", protocol: 4, token, pid: hub.pid },
    url: house.url.replace("http", "ws"),
    stop: () => house.close(),
  };
}

export async function startReal(dir: string, program: Program): Promise<Subject> {
  const real = await new RealGateway(dir, program).start();
  return {
    name: `${program.name}@${program.version}`,
    protocol: program.era === "today" ? 4 : 3,
    ...{ token: real.token, url: real.url, pid: real.process?.child.pid ?? 0 },
    stop: () => real.stop(),
  };
}

/** Tries again every 50 ms until a client is admitted; resolves with the milliseconds since `began`. */
export async function helloAfter(
  began: number,
  subject: () => Pick<Subject, "url" | "token" | "protocol">,
): Promise<number> {
  for (;;) {
    const { url, token, protocol } = subject();
    const wire = new GatewayWire(url);
    const hello = await wire.login({ token, role: "operator", scopes: ["operator.read"], protocol });
    await wire.end();
    if (hello?.ok) return performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processor seconds that a process and its descendants have used so far. */
export function cpuSeconds(pid: number): number {
  return family(pid).reduce((sum, one) => {
    const fields = stat(one);
    return fields === undefined ? sum : sum + (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
  }, 0);
}

/** Resident memory in bytes of the largest process of the family: programs that start themselves again leave a small parent. */
export function residentBytes(pid: number): number {
  return Math.max(...family(pid).map(rss));
}

function family(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(path.join(`/proc/${pid}/task`, task, "children"), "utf8")
        .split(" ")
        .filter(Boolean)
        .map(Number),
    );
    return [pid, ...children.flatMap(family)];
  } catch {
    return [pid];
  }
}

function stat(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
  } catch {
    return undefined;
  }
}

function rss(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
