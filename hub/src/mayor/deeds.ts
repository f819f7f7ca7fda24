import { createHash } from "node:crypto";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../beads/index.ts";
import type { TownBase } from "../town/part.ts";
import type { MayorAction } from "./decide.ts";
import { type GoalRequest, type PlannedItem, planOf } from "./goal.ts";
import { type Goal, Goals } from "./goals.ts";
import type { MayorPorts, RigFacts } from "./ports.ts";
import { doneText, stuckText } from "./report.ts";

export const MAYOR = "mayor/";

/** What the mayor does in the store and asks of others. Each deed may be done again: it changes nothing then. */
export class Deeds {
  readonly #options: TownBase & { readonly ports: MayorPorts };
  readonly #goals: Goals;

  constructor(options: TownBase & { readonly ports: MayorPorts }) {
    this.#options = options;
    this.#goals = new Goals(options.store);
  }

  /** @throws INPUT_INVALID, RIG_UNKNOWN, what creating a bead throws */
  async plan(who: string, request: GoalRequest): Promise<Goal> {
    const { beads, random } = this.#options;
    const { title, key, merge, baseBranch } = request;
    if (title.trim() === "") throw new BarnacleError("INPUT_INVALID", "title: expected what is to be reached");
    const seed = key === undefined ? random.bytes(8) : createHash("sha256").update(`goal:${key}`).digest();
    const id = `goal-${seed.readUIntBE(0, 6).toString(36).padStart(10, "0").slice(-7)}`;
    const known = this.#goals.find(id);
    if (known) return known;
    const items = planOf(request).map((item) => ({ item, rig: this.#rigOf(item) }));
    const workspaces = new Set(items.map(({ rig }) => rig.workspace));
    if (workspaces.size > 1) {
      const message = `rig: a goal lies in one workspace, found ${[...workspaces].join(", ")}`;
      throw new BarnacleError("INPUT_INVALID", message, { details: { member: "rig" } });
    }
    return beads.write(who, (writer) => {
      const made = items.map(({ item, rig }, i) => ({
        id: create(writer, item, rig, `${id}:${i + 1}`),
        rig: rig.name,
      }));
      for (const [i, { item }] of items.entries()) {
        for (const need of item.needs) writer.addDependency(made[i]?.id ?? "", made[need]?.id ?? "");
      }
      const goal = {
        ...{ id, title, askedBy: who, createdAt: writer.now, workspace: items[0]?.rig.workspace ?? "" },
        ...(merge === undefined ? {} : { merge }),
        ...(baseBranch === undefined ? {} : { baseBranch }),
      };
      new Goals(writer.sql).insert(goal, made);
      return { ...goal, state: "planned", stuck: [] };
    });
  }

  /** @returns whether something changed by it */
  async carryOut(goal: Goal, action: MayorAction): Promise<boolean> {
    const { ports } = this.#options;
    switch (action.kind) {
      case "convoy":
        return this.#makeConvoy(goal);
      case "queue":
        await ports.queue(MAYOR, { bead: action.bead, rig: action.rig });
        return true;
      case "stuck":
        return this.#tellStuck(goal, action);
      case "done":
        return this.#tellDone(goal);
    }
  }

  async #makeConvoy(goal: Goal): Promise<boolean> {
    const { ports, store, clock } = this.#options;
    const { id, title, merge, baseBranch } = goal;
    const beads = this.#goals.stateOf(goal, clock.now()).beads.map(({ bead }) => bead);
    const convoy = await ports.convoy(MAYOR, { title, beads, key: `goal:${id}`, merge, baseBranch });
    await store.commit(() => this.#goals.hasConvoy(id, convoy));
    return true;
  }

  async #tellStuck(goal: Goal, { beads: now, fresh }: Extract<MayorAction, { kind: "stuck" }>): Promise<boolean> {
    const { beads, ports } = this.#options;
    const records = fresh.map((bead) => beads.reads.get(bead));
    const text = stuckText(goal, records);
    for (const { id: bead } of records) {
      await ports.escalate({ key: `goal:${goal.id}:${bead}`, subject: text.subject, reason: text.body, bead });
    }
    await beads.write(MAYOR, (writer) => {
      new Goals(writer.sql).isStuck(goal.id, now);
      const key = `goal:${goal.id}:stuck:${[...fresh].sort().join(",")}:${writer.now}`;
      if (fresh.length > 0) ports.post(writer, { from: MAYOR, to: goal.askedBy, ...text, key });
    });
    return fresh.length > 0;
  }

  /** The mail and the end of the goal are one transaction: told once, however often the hub dies. */
  #tellDone(goal: Goal): Promise<boolean> {
    const { beads, ports, clock } = this.#options;
    const records = this.#goals.stateOf(goal, clock.now()).beads.flatMap(({ bead }) => beads.reads.find(bead) ?? []);
    return beads.write(MAYOR, (writer) => {
      if (!new Goals(writer.sql).finish(goal.id, "done", writer.now)) return false;
      const text = doneText(goal, records, writer.now);
      ports.post(writer, { from: MAYOR, to: goal.askedBy, ...text, key: `goal:${goal.id}:done` });
      return true;
    });
  }

  #rigOf({ rig, title }: PlannedItem): RigFacts {
    const rigs = this.#options.ports.rigs();
    const [only] = rigs;
    if (rig === undefined && rigs.length === 1 && only) return only;
    if (rig === undefined) {
      const names = rigs.map(({ name }) => name).join(", ") || "none yet: barnacle rig add";
      throw new BarnacleError("INPUT_INVALID", `rig: expected where "${title.slice(0, 60)}" is done (${names})`, {
        details: { member: "rig" },
      });
    }
    const found = rigs.find(({ name }) => name === rig);
    if (found) return found;
    throw new BarnacleError("NOT_FOUND", `no rig has the name ${rig.slice(0, 60)}`, { details: { rig } });
  }
}

function create(writer: BeadWriter, item: PlannedItem, { prefix }: RigFacts, key: string): string {
  const { title, description, priority, type, labels } = item;
  return writer.create({
    ...{ title, prefix, key },
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
    ...(type === undefined ? {} : { issue_type: type }),
    ...(labels === undefined ? {} : { labels }),
  }).id;
}
