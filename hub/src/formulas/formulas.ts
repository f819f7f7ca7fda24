import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Events, Log, Unit } from "@barnacle/protocol/runtime";
import type { Beads, BeadWriter } from "../beads/index.ts";
import type { Store } from "../store/index.ts";
import type { TownEvents } from "../town/part.ts";
import type { Cooked } from "./cook/cooked.ts";
import type { Asked, CookRequest } from "./cooking.ts";
import type { Outside } from "./molecules/facts.ts";
import { pour } from "./molecules/pour.ts";
import { burn } from "./molecules/remove.ts";
import { closeIdleGates, judge, openGates, wantedBy } from "./molecules/runtime.ts";
import { expired, nextExpiry, touched } from "./molecules/wisps.ts";

/** What a convoy is made with, in the transaction of its beads. */
export interface ConvoyMaker {
  write<T>(
    who: string,
    change: (writer: {
      readonly beads: BeadWriter;
      create(convoy: { readonly title: string; readonly beads: readonly string[]; readonly key?: string }): {
        readonly id: string;
      };
    }) => T,
  ): Promise<T>;
}

export interface FormulasOptions {
  readonly store: Store;
  readonly beads: Beads;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: Events<TownEvents>;
  readonly convoys: ConvoyMaker;
  /** Conditions may look for files below it and at its environment. */
  readonly outside: Outside;
}

const WHO = "hub";
/** Timers of the runtime reach no further. */
const LONGEST_MS = 2_000_000_000;
/** Nothing tells when a file comes or goes; asked only while a gate waits for one. */
const FILES_MS = 30_000;
const MOST_TURNS = 1000;
const ENDED = new Set(["closed", "reopened", "updated", "status_changed", "deleted", "purged", "dependency_removed"]);

/**
 * Formulas, and the molecules made of them: cooking, pouring, and what a running molecule waits for. Cooking reads files;
 * everything that writes happens in transactions of beads.
 */
export class Formulas implements Unit {
  readonly #options: FormulasOptions;
  #running = false;
  #cancelExpiry: (() => void) | undefined;
  #cancelFiles: (() => void) | undefined;
  readonly #dirty = new Set<string>();
  #working: Promise<void> | undefined;

  constructor(options: FormulasOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#running = true;
    const { beads, store } = this.#options;
    beads.events.on(
      "changed",
      ({ events }) => {
        for (const { id, kind } of events) {
          if (ENDED.has(kind) && id.includes(".")) this.#dirty.add(id.slice(0, id.indexOf(".")));
          else if (kind === "closed" && this.#around(id) !== undefined) this.#dirty.add(id);
        }
        if (this.#dirty.size > 0) this.#work();
      },
      this,
    );
    for (const { root } of openGates(store)) this.#dirty.add(root);
    if (this.#dirty.size > 0) this.#work();
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#options.beads.events.dropOwner(this);
    this.#cancelExpiry?.();
    this.#cancelFiles?.();
    this.#cancelExpiry = undefined;
    this.#cancelFiles = undefined;
    await this.#working;
  }

  /** @throws NOT_FOUND, FORMULA_INVALID with everything that is wrong */
  async cook(asked: Asked, request: CookRequest = {}): Promise<Cooked> {
    const { cookIn } = await import("./cooking.ts");
    const { store, beads } = this.#options;
    return cookIn({ sql: store, reads: beads.reads, stateDir: store.stateDir }, asked, request);
  }

  /** Within a transaction of beads. @throws as `pour` */
  readonly pour = pour;

  /**
   * A bead for each leg and one for the synthesis, tracked by a convoy, all in one transaction.
   * @throws FORMULA_INVALID when it is of another type
   */
  async run(
    who: string,
    cooked: Cooked,
    { title, key }: { readonly title?: string | undefined; readonly key?: string | undefined } = {},
  ) {
    if (cooked.type !== "convoy") {
      throw new BarnacleError("FORMULA_INVALID", `${cooked.formula} is of type ${cooked.type}, expected a convoy`, {
        hint: "`barnacle mol pour` makes beads of the other types.",
      });
    }
    const made = await this.#options.convoys.write(who, (writer) => {
      const poured = pour(writer.beads, { cooked, kind: "molecule", title, ...(key === undefined ? {} : { key }) });
      const convoy = writer.create({
        title: title ?? poured.root.title,
        beads: poured.steps.map(({ id }) => id),
        ...(key === undefined ? {} : { key: `${key}/convoy` }),
      });
      return { convoy: convoy.id, molecule: poured.id, steps: poured.steps };
    });
    this.#told(made.molecule, "poured");
    return made;
  }

  /** Runs `change` in one transaction of beads, then does what the molecule has been waiting for, and tells of it. */
  async write<T extends { readonly id: string } | string>(
    who: string,
    kind: string,
    change: (writer: BeadWriter) => T,
  ): Promise<T> {
    const result = await this.#options.beads.write(who, change);
    const id = typeof result === "string" ? result : result.id;
    await this.settle(id);
    this.#told(id, kind);
    this.#arm();
    return result;
  }

  /** Judges the open gates of a molecule until nothing more follows. @returns how much was done */
  async settle(root: string): Promise<number> {
    let done = 0;
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const changed = await this.#turn(root);
      if (!changed) break;
      done++;
    }
    if (done > 0) this.#told(root, "settled");
    const around = this.#around(root);
    return around === undefined ? done : done + (await this.settle(around));
  }

  /** The molecule that one which has ended is a part of: it may have waited for it. */
  #around(root: string): string | undefined {
    const bead = this.#options.beads.reads.find(root);
    if (!bead || (bead.status !== "closed" && bead.status !== "tombstone")) return undefined;
    const parent = (bead.dependencies ?? []).find(({ type }) => type === "parent-child")?.depends_on_id;
    return parent?.split(".")[0];
  }

  /** Judges the gates of all molecules: files and the environment tell nobody when they change. */
  async check(): Promise<{ readonly molecules: number; readonly changed: number }> {
    const roots = new Set(openGates(this.#options.store).map(({ root }) => root));
    let changed = 0;
    for (const root of roots) changed += await this.settle(root);
    return { molecules: roots.size, changed };
  }

  /** Burns wisps whose time is over, unless the bead that they are for is open. @returns their ids */
  async expire(): Promise<string[]> {
    const { store, beads, clock } = this.#options;
    const due = expired(store, clock.now());
    if (due.length === 0) return [];
    const burned = await beads.write(WHO, (writer) =>
      due.flatMap(({ id, attachedTo }) => {
        const root = writer.find(id);
        const subject = attachedTo === undefined ? undefined : writer.find(attachedTo);
        const inUse =
          root?.status !== "closed" && subject !== undefined && !["closed", "tombstone"].includes(subject.status);
        if (inUse) {
          touched(writer.sql, id, writer.now);
          return [];
        }
        if (root) burn(writer, id, { force: true });
        else writer.sql.run("DELETE FROM formula_wisps WHERE id = ?", id);
        return [id];
      }),
    );
    for (const id of burned) this.#told(id, "expired");
    return burned;
  }

  async #turn(root: string): Promise<boolean> {
    const { store, beads, outside } = this.#options;
    const gates = openGates(store, root);
    if (gates.length === 0 && !hasGates(store, root)) return false;
    const cooked = new Map<string, readonly Cooked[] | string>();
    for (const gate of gates) {
      const wanted = wantedBy(beads.reads, gate);
      if (wanted) cooked.set(gate.id, wanted.wrong ?? (await this.#cookItems(wanted.formula, wanted.vars)));
    }
    return beads.write(WHO, (writer) => {
      const idle = closeIdleGates(writer, root);
      // Somebody else may have judged them since they were read.
      const still = new Set(openGates(store, root).map(({ id }) => id));
      const judged = gates.filter(({ id }) => still.has(id)).map((gate) => judge(writer, gate, outside, cooked));
      return idle || judged.includes(true);
    });
  }

  async #cookItems(
    name: string,
    list: readonly Readonly<Record<string, string>>[],
  ): Promise<readonly Cooked[] | string> {
    try {
      const cooked: Cooked[] = [];
      for (const vars of list) cooked.push(await this.cook({ name }, { vars }));
      return cooked;
    } catch (error) {
      return `The items could not be made: ${messageOf(error)}`;
    }
  }

  /** One after the other; what comes in between is done afterwards. */
  #work(): void {
    this.#working ??= this.#drain().finally(() => {
      this.#working = undefined;
      if (this.#running && this.#dirty.size > 0) this.#work();
    });
  }

  async #drain(): Promise<void> {
    const roots = [...this.#dirty];
    this.#dirty.clear();
    for (const root of roots) {
      if (!this.#running) return;
      try {
        await this.settle(root);
      } catch (error) {
        this.#options.log.error({ molecule: root, error: messageOf(error) }, "a molecule could not be settled");
      }
    }
    this.#arm();
  }

  /** Sets the timers for what is due next; none where nothing is. */
  #arm(): void {
    this.#cancelExpiry?.();
    this.#cancelFiles?.();
    this.#cancelExpiry = undefined;
    this.#cancelFiles = undefined;
    if (!this.#running) return;
    const { store, clock, log } = this.#options;
    const failed = (error: unknown) => log.error({ error: messageOf(error) }, "molecules could not be looked after");
    const at = nextExpiry(store);
    if (at !== undefined) {
      const wait = Math.min(Math.max(0, at - clock.now()), LONGEST_MS);
      this.#cancelExpiry = clock.after(wait, () => {
        this.expire().then(() => this.#arm(), failed);
      });
    }
    if (!waitsForFiles(store)) return;
    this.#cancelFiles = clock.after(FILES_MS, () => {
      this.check().then(() => this.#arm(), failed);
    });
  }

  #told(id: string, kind: string): void {
    const { events, clock } = this.#options;
    events.emit("changed", { noun: "formulas", id, kind, at: clock.now() });
  }
}

function hasGates(store: Store, root: string): boolean {
  const row = store.one(
    `SELECT 1 AS found FROM beads INDEXED BY beads_gates
     WHERE issue_type = 'gate' AND status = 'open' AND id > ?1 || '.' AND id < ?1 || '/' LIMIT 1`,
    root,
  );
  return row !== undefined;
}

function waitsForFiles(store: Store): boolean {
  return openGates(store).some(({ id }) => {
    const line = store.one("SELECT line FROM beads WHERE id = ?", id)?.line;
    return /^(file\.exists|env\.)/.test(String(JSON.parse(String(line ?? "{}")).await_id));
  });
}
