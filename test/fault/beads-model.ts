/** What the operations of many clients make of beads, thought out apart from the store, and whether the store agrees. */

export const OPERATIONS = [
  ...[
    "create",
    "create",
    "claim",
    "claim",
    "claimNext",
    "close",
    "reopen",
    "comment",
    "notes",
    "label",
    "dep",
    "depRemove",
  ],
  ...["fail", "release", "delete", "batch", "badBatch", "ready"],
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** One operation of one client, as it was asked and answered. */
export interface Step {
  readonly who: string;
  readonly n: number;
  readonly op: Operation;
  readonly id: string;
  readonly on: string;
  /** `cut`: the hub went away before it answered. */
  readonly answer: "done" | "refused" | "cut";
}

export interface Happened {
  readonly seq: number;
  readonly id: string;
  readonly who: string;
  readonly kind: string;
  readonly body: unknown;
}

export interface Shape {
  status: string;
  assignee: string | undefined;
  reason: string | undefined;
  notes: string;
  attempts: number;
  readonly labels: string[];
  readonly on: string[];
  readonly comments: string[];
}

/** Stands in the text of what an operation wrote, and nowhere else. */
export function token({ who, n }: Pick<Step, "who" | "n">): string {
  return `<${who}:${n}>`;
}

const KINDS: Readonly<Record<string, readonly Operation[]>> = {
  created: ["create", "batch"],
  claimed: ["claim", "claimNext"],
  closed: ["close"],
  reopened: ["reopen"],
  commented: ["comment"],
  updated: ["notes"],
  label_added: ["label"],
  dependency_added: ["dep"],
  dependency_removed: ["depRemove"],
  attempt_failed: ["fail"],
  released: ["release"],
  deleted: ["delete"],
};
/** Written with the operation's own text. */
const TOLD = new Set(["create", "batch", "close", "comment", "notes", "label", "fail", "delete"]);
/** Asked again of what is so already, they are done without a change. */
const IDLE = new Set(["claim", "claimNext", "close", "dep", "depRemove", "release", "delete"]);
const MOST_ATTEMPTS = 3;

export class Model {
  readonly beads = new Map<string, Shape>();
  /** What was ever so: who had what, what was closed, which edges were there. */
  readonly #ever = new Set<string>();
  readonly problems: string[] = [];

  /** Goes through what happened in its order; each must be one client's operation, whole, once, and allowed at that moment. */
  run(steps: readonly Step[], events: readonly Happened[]): void {
    const last = new Map<string, number>();
    const applied = new Set<Step>();
    const byWho = Map.groupBy(steps, ({ who }) => who);
    for (let i = 0; i < events.length; ) {
      const event = events[i] as Happened;
      const after = last.get(event.who) ?? -1;
      const step = byWho.get(event.who)?.find((one) => one.n > after && !applied.has(one) && this.#fits(one, event));
      if (!step) {
        this.problems.push(`event ${event.seq} (${event.kind} ${event.id} by ${event.who}) is nobody's`);
        i++;
        continue;
      }
      if (step.answer === "refused") this.problems.push(`${token(step)} ${step.op} was refused and happened`);
      const expected = this.#apply(step, event.id);
      const found = events.slice(i, i + expected.length).map(({ kind, id, who }) => `${kind} ${id} ${who}`);
      const wanted = expected.map(([kind, id]) => `${kind} ${id} ${step.who}`);
      if (found.join() !== wanted.join())
        this.problems.push(`${token(step)}: ${found.join()}, expected ${wanted.join()}`);
      applied.add(step);
      last.set(step.who, step.n);
      i += Math.max(1, expected.length);
    }
    for (const step of steps) {
      if (step.answer !== "done" || applied.has(step) || step.op === "ready") continue;
      if (!IDLE.has(step.op)) this.problems.push(`${token(step)} ${step.op} ${step.id} was acknowledged and is lost`);
      else if (!this.#wasSo(step))
        this.problems.push(`${token(step)} ${step.op} ${step.id} changed nothing, without reason`);
    }
  }

  /** Open, and waits for nothing that is open. */
  ready(): string[] {
    const isDone = (id: string) => ["closed", "tombstone"].includes(this.beads.get(id)?.status ?? "closed");
    return [...this.beads].flatMap(([id, { status, on }]) => (status === "open" && on.every(isDone) ? [id] : []));
  }

  #fits(step: Step, { kind, id, body }: Happened): boolean {
    if (!KINDS[kind]?.includes(step.op)) return false;
    const text = JSON.stringify(body);
    if (TOLD.has(step.op))
      return text.includes(token(step)) && (step.op === "create" || step.op === "batch" || step.id === id);
    if (step.op === "claimNext") return true;
    return (
      step.id === id && (step.op.startsWith("dep") ? text.includes(`"${step.on}\\"`) || text.includes(step.on) : true)
    );
  }

  /** @returns the events that it must leave, in their order */
  #apply(step: Step, id: string): (readonly [kind: string, id: string])[] {
    const mark = token(step);
    if (step.op === "create" || step.op === "batch") {
      this.beads.set(id, {
        ...{ status: "open", assignee: undefined, reason: undefined, notes: "", attempts: 0 },
        ...{ labels: [], on: [], comments: [] },
      });
      if (step.op === "create") return [["created", id]];
      this.#need(step.id).notes = mark;
      return [
        ["created", id],
        ["updated", step.id],
      ];
    }
    const bead = this.#need(id);
    const must = (holds: boolean, what: string) => {
      if (!holds) this.problems.push(`${mark} ${step.op} ${id} happened though ${what}`);
    };
    switch (step.op) {
      case "claim":
      case "claimNext":
        must(
          bead.status === "open" && (bead.assignee ?? step.who) === step.who,
          `${bead.assignee} had it (${bead.status})`,
        );
        Object.assign(bead, { status: "in_progress", assignee: step.who });
        this.#ever.add(`has ${id} ${step.who}`);
        return [["claimed", id]];
      case "close":
        must(bead.status !== "closed" && bead.status !== "tombstone", `it was ${bead.status}`);
        Object.assign(bead, { status: "closed", reason: mark });
        this.#ever.add(`closed ${id}`);
        return [["closed", id]];
      case "reopen":
        must(bead.status === "closed", `it was ${bead.status}`);
        Object.assign(bead, { status: "open", reason: undefined });
        bead.comments.push(mark);
        return [
          ["reopened", id],
          ["commented", id],
        ];
      case "comment":
        bead.comments.push(mark);
        return [["commented", id]];
      case "notes":
        bead.notes = mark;
        return [["updated", id]];
      case "label":
        bead.labels.push(mark);
        return [["label_added", id]];
      case "dep":
        must(!bead.on.includes(step.on) && !this.#leads(step.on, id), "it closes a ring or was there");
        bead.on.push(step.on);
        this.#ever.add(`edge ${id} ${step.on}`);
        return [["dependency_added", id]];
      case "depRemove":
        must(bead.on.includes(step.on), "it was not there");
        bead.on.splice(bead.on.indexOf(step.on), 1);
        return [["dependency_removed", id]];
      case "fail": {
        must(bead.status !== "tombstone", "it was deleted");
        const note = `attempt ${++bead.attempts} by ${bead.assignee ?? "nobody"}: ${mark}`;
        bead.notes = bead.notes === "" ? note : `${bead.notes}\n${note}`;
        Object.assign(bead, {
          status: bead.attempts < MOST_ATTEMPTS ? "open" : "blocked",
          assignee: undefined,
          reason: undefined,
        });
        return [["attempt_failed", id]];
      }
      case "release":
        must(bead.status === "in_progress" && bead.assignee === step.who, `${bead.assignee} had it (${bead.status})`);
        Object.assign(bead, { status: "open", assignee: undefined });
        return [["released", id]];
      case "delete":
        must(bead.status !== "tombstone", "it was deleted");
        Object.assign(bead, { status: "tombstone" });
        this.#ever.add(`deleted ${id}`);
        return [["deleted", id]];
      default:
        this.problems.push(`${mark} ${step.op} happened`);
        return [];
    }
  }

  #need(id: string): Shape {
    const known = this.beads.get(id);
    if (known) return known;
    throw new TypeError(`the model knows no bead ${id}`);
  }

  /** Whether there is a way of edges from one to the other. */
  #leads(from: string, to: string, seen = new Set<string>()): boolean {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return this.beads.get(from)?.on.some((next) => this.#leads(next, to, seen)) ?? false;
  }

  #wasSo({ op, id, on, who }: Step): boolean {
    if (op === "claim") return this.#ever.has(`has ${id} ${who}`);
    if (op === "close") return this.#ever.has(`closed ${id}`);
    if (op === "delete") return this.#ever.has(`deleted ${id}`);
    if (op === "dep") return this.#ever.has(`edge ${id} ${on}`);
    return true;
  }
}
