import { readdirSync, readFileSync } from "node:fs";

/** A process that is this one and no later one with the same number. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since the machine started, as the kernel counts them. */
  readonly startTime: string;
}

/** Undefined when there is no such process, or it has ended and only its parent does not know yet. */
export function processId(pid: number): ProcessId | undefined {
  const fields = statOf(pid);
  if (!fields || fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, startTime: fields[19] ?? "" };
}

/** Also of one that has ended and waits for its parent. */
export function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

export function isAlive({ pid, startTime }: ProcessId): boolean {
  return processId(pid)?.startTime === startTime;
}

/** Of the processes of a run, the one that the hub started: its parent is none of them. */
export function leaderOf(runId: string): ProcessId | undefined {
  const pids = new Set(processesOf(runId));
  for (const pid of pids) if (!pids.has(Number(statOf(pid)?.[1]))) return processId(pid);
  return undefined;
}

/**
 * Everything that a run started: by the variable that all its processes inherit, and by descent from `root` for those that
 * cleaned their environment.
 */
export function processesOf(runId: string, root?: number): number[] {
  const parents = new Map<number, number>();
  const found = new Set<number>();
  const mark = `BARNACLE_RUN=${runId}`;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const fields = statOf(pid);
    if (!fields || fields[0] === "Z") continue;
    parents.set(pid, Number(fields[1]));
    if (environmentOf(pid).includes(mark)) found.add(pid);
  }
  if (root !== undefined && parents.has(root)) found.add(root);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (!found.has(parent) || found.has(pid)) continue;
      found.add(pid);
      grown = true;
    }
  }
  found.delete(process.pid);
  return [...found];
}

/** @returns whether anybody was there to get it */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): boolean {
  let any = false;
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
      any = true;
    } catch {
      // It ended meanwhile.
    }
  }
  return any;
}

/** State first, then parent, …; the name before them may contain anything and is cut off. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  } catch {
    return [];
  }
}
