import { messageOf } from "../errors/index.ts";
import type { Clock, Log } from "../runtime/index.ts";
import { loadNotify, type Notify } from "./libsystemd.ts";

/** The service manager that started this process; without one every call does nothing. */
export interface Supervisor {
  /** The service does its work from now on. @param status one line for people */
  ready(status: string): void;
  status(text: string): void;
  /**
   * Keeps the watchdog quiet from the event loop, which a loop that hangs no longer does. The first beat goes out at once.
   * @param ailing why the process should rather be restarted; its beats stop while there is a reason
   */
  watch(ailing?: () => string | undefined): void;
  /** The service ends in good order; no beat comes after it. */
  stopping(status: string): void;
}

export interface SupervisorParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: libsystemd's, loaded at the first need. */
  readonly load?: () => Notify;
}

const NOBODY: Supervisor = { ready() {}, status() {}, watch() {}, stopping() {} };

/** Where NOTIFY_SOCKET is set the manager hears of this process; nothing is loaded otherwise. */
export function findSupervisor(parts: SupervisorParts): Supervisor {
  const { env, log, load = loadNotify } = parts;
  if (!env.NOTIFY_SOCKET) return NOBODY;
  try {
    return new Systemd(parts, load());
  } catch (error) {
    log.error({ reason: messageOf(error) }, "the service manager cannot be told that this service runs");
    return NOBODY;
  }
}

class Systemd implements Supervisor {
  readonly #parts: SupervisorParts;
  readonly #notify: Notify;
  #endWatch: () => void = () => {};
  #complaint: string | undefined;

  constructor(parts: SupervisorParts, notify: Notify) {
    this.#parts = parts;
    this.#notify = notify;
  }

  ready(status: string): void {
    this.#notify(`READY=1\nSTATUS=${oneLine(status)}`);
  }

  status(text: string): void {
    this.#notify(`STATUS=${oneLine(text)}`);
  }

  watch(ailing: () => string | undefined = () => undefined): void {
    const limitMs = watchdogMs(this.#parts);
    this.#endWatch();
    if (limitMs === undefined) return;
    const beat = (): void => {
      const complaint = ailing();
      if (complaint === undefined) this.#notify("WATCHDOG=1");
      else if (complaint !== this.#complaint) {
        this.#parts.log.error(
          { reason: complaint, limitMs },
          "not well; the watchdog restarts this service unless it heals",
        );
        this.status(`not well: ${complaint}`);
      }
      this.#complaint = complaint;
    };
    beat();
    this.#endWatch = this.#parts.clock.every(limitMs / 2, beat);
  }

  stopping(status: string): void {
    this.#endWatch();
    this.#notify(`STOPPING=1\nSTATUS=${oneLine(status)}`);
  }
}

/** How long the manager waits for a beat of this process; undefined when it does not, or waits for another one. */
function watchdogMs({ env, pid }: SupervisorParts): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC);
  if (!(microseconds > 0)) return undefined;
  if (env.WATCHDOG_PID && Number(env.WATCHDOG_PID) !== pid) return undefined;
  return microseconds / 1000;
}

/** A line break would begin another assignment. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
