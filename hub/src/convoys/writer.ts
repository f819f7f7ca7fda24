import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { BeadReads, type BeadWriter } from "../beads/index.ts";
import { addressOf } from "../mail/index.ts";
import { type ConvoyFacts, checkMerge, readFacts, writeFacts } from "./facts.ts";
import { refuseKnot } from "./knot.ts";
import { DONE, land, leftOf, standsAgainst } from "./landing.ts";
import type { ConvoyPorts } from "./ports.ts";
import { SLINGABLE } from "./readiness.ts";
import { ConvoyReads } from "./reads.ts";
import { type ConvoyState, checkTransition, isStaged } from "./states.ts";
import { CONVOY, childConvoys, isDone, progressOf, TRACKS, trackedIds, trackersOf } from "./tracked.ts";
import { OWNED } from "./view.ts";

export interface NewConvoy {
  readonly title: string;
  /** Ids or parts of ids of what it tracks. */
  readonly beads?: readonly string[];
  /** Everything below this epic that is work and not done. */
  readonly fromEpic?: string;
  /** Convoys that have to land first. */
  readonly dependsOn?: readonly string[];
  /** The convoy that this one is part of. */
  readonly parent?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly notify?: string;
  readonly watchers?: readonly string[];
  readonly nudgeWatchers?: readonly string[];
  readonly merge?: string;
  readonly baseBranch?: string;
  readonly molecule?: string;
  /** The caller lands it himself. */
  readonly owned?: boolean;
  readonly priority?: number | string;
  readonly labels?: readonly string[];
  readonly metadata?: unknown;
  readonly status?: ConvoyState;
  /** Default: made. */
  readonly id?: string;
  /** A repeated create with the same key gives the convoy of the first. */
  readonly key?: string;
  readonly created_at?: string;
}

export interface LandParams {
  readonly force?: boolean | undefined;
  readonly reason?: string | undefined;
  /** Gets a nudge besides those who asked for one. */
  readonly nudgeToo?: string | undefined;
}

export interface CloseOptions {
  readonly reason?: string | undefined;
  readonly force?: boolean | undefined;
  /** Is told as well. */
  readonly notify?: string | undefined;
}

/** What was done, for who has to be told after the commit. */
export interface Said {
  readonly id: string;
  readonly kind: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

const ID = { prefix: "hq-cv", idLength: 5 };

/** Everything that changes convoys, for use inside one transaction of beads. */
export class ConvoyWriter {
  readonly beads: BeadWriter;
  readonly reads: ConvoyReads;
  readonly said: Said[] = [];
  readonly ports: ConvoyPorts;
  readonly #beadReads: BeadReads;

  constructor(writer: BeadWriter, ports: ConvoyPorts = {}) {
    this.beads = writer;
    this.ports = ports;
    this.#beadReads = new BeadReads(writer.sql, () => writer.now);
    this.reads = new ConvoyReads(writer.sql, this.#beadReads, () => writer.now, ports.workers);
  }

  /** @throws INPUT_INVALID, BEAD_UNKNOWN, BEAD_CYCLE, CONVOY_REFUSED */
  create(given: NewConvoy): BeadRecord {
    const { title, status = "open", owned = false, labels = [], metadata, priority, key, created_at } = given;
    const known = key === undefined ? undefined : this.beads.sql.one("SELECT id FROM bead_keys WHERE key = ?", key);
    if (known) return this.beads.need(String(known.id)).bead;
    const tracked = this.#toTrack(given);
    const before = (given.dependsOn ?? []).map((part) => this.reads.need(part).id);
    const parent = given.parent === undefined ? undefined : this.reads.need(given.parent);
    if (parent?.status === "closed") throw refused(parent.id, `${parent.id} is closed; nothing can be put into it`);
    const facts = checkedFacts({ owner: given.owner ?? this.beads.who, ...given });
    const made = this.beads.create({
      ...{ title, issue_type: CONVOY, id: given.id ?? this.beads.naming.next({ title, ...ID }), status },
      description: writeFacts(given.description ?? "", facts) || null,
      labels: [...labels, ...(owned ? [OWNED] : [])],
      dependencies: [...tracked.map((on) => ({ on, kind: TRACKS })), ...before.map((on) => ({ on, kind: "blocks" }))],
      ...(parent === undefined ? {} : { parent: parent.id }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(priority === undefined ? {} : { priority }),
      ...(key === undefined ? {} : { key }),
      ...(created_at === undefined ? {} : { created_at }),
    });
    refuseKnot(this.beads.sql, made.id);
    this.say(made.id, isStaged(status) ? "staged" : "created");
    return made;
  }

  /** Tracks more; a closed one that gets work that is not done is opened again. @throws BEAD_UNKNOWN, BEAD_CYCLE */
  add(
    part: string,
    beads: readonly string[],
  ): { readonly id: string; readonly added: string[]; readonly reopened: boolean } {
    const convoy = this.reads.need(part);
    const known = new Set(trackedIds(convoy));
    const added = this.#resolveAll(beads).filter((id) => !known.has(id));
    for (const id of added) this.#track(convoy.id, id);
    const open = added.some((id) => !isDone(this.beads.need(id).bead.status));
    const reopened = convoy.status === "closed" && open;
    if (reopened) this.transition(convoy.id, "open");
    refuseKnot(this.beads.sql, convoy.id);
    if (added.length > 0) this.say(convoy.id, "added", { beads: added });
    return { id: convoy.id, added, reopened };
  }

  /** No longer tracks these. */
  remove(part: string, beads: readonly string[]): { readonly id: string; readonly removed: string[] } {
    const { id } = this.reads.need(part);
    // What is gone from the store can be named by its whole id.
    const removed = beads.map((bead) => this.#resolveOr(bead)).filter((bead) => this.beads.removeDependency(id, bead));
    if (removed.length > 0) this.say(id, "removed", { beads: removed });
    return { id, removed };
  }

  /** `part` waits until `on` has landed. @throws BEAD_CYCLE, CONVOY_REFUSED */
  depend(part: string, on: string): void {
    const [convoy, before] = [this.reads.need(part), this.reads.need(on)];
    this.beads.addDependency(convoy.id, before.id, "blocks");
    refuseKnot(this.beads.sql, convoy.id);
    this.say(convoy.id, "depends", { on: before.id });
  }

  /** The only way from one state to another. @returns whether it was another @throws CONVOY_REFUSED naming both */
  transition(id: string, to: ConvoyState, reason?: string): boolean {
    const { bead } = this.beads.need(id);
    if (!checkTransition(id, bead.status, to)) return false;
    if (to === "closed") this.beads.closing.close(id, { reason: reason ?? "Closed", force: true });
    else if (bead.status === "closed") {
      this.beads.closing.reopen(id, reason);
      this.say(id, "reopened");
    } else this.beads.update(id, { status: to });
    return true;
  }

  /** Launches a staged one. @throws CONVOY_REFUSED when it has warnings and is not forced */
  launch(part: string, force = false): string {
    const { id, status } = this.reads.need(part);
    if (status === "staged_warnings" && !force) {
      throw refused(id, `${id} was staged with warnings; look at them, or launch it with --force`);
    }
    if (status === "closed") throw refused(id, `${id} cannot be launched: it is closed`);
    if (this.transition(id, "open")) this.say(id, "launched");
    return id;
  }

  reopen(part: string, reason?: string): string {
    const { id, status } = this.reads.need(part);
    if (status !== "closed") throw refused(id, `${id} is not closed: it is ${status}`);
    this.transition(id, "open", reason);
    return id;
  }

  /**
   * Closed because everything is done, with what shows it. What stands against it: beads that are open, work that is not
   * merged, convoys that it waits for.
   * @returns the number of the landing; undefined when it was closed already
   * @throws CONVOY_REFUSED naming what is left, unless `force` gives it up
   */
  land(part: string, { force = false, reason, nudgeToo }: LandParams = {}): number | undefined {
    const convoy = this.reads.need(part);
    if (convoy.status === "closed") return undefined;
    if (isStaged(convoy.status)) throw refused(convoy.id, `${convoy.id} cannot land: it is ${convoy.status}`);
    const progress = progressOf(this.beads.sql, convoy);
    const against = standsAgainst(this.beads.sql, convoy, progress, this.ports.merges);
    if (!force && against.length > 0) {
      throw refused(convoy.id, `${convoy.id} does not land: ${against.join("; ")} (--force gives it up)`);
    }
    return land(this, convoy, { reason: reason ?? DONE, forced: against.length > 0, progress, nudgeToo });
  }

  /** Lands one that is complete and that nobody else looks after. @returns whether it did */
  settle(id: string, nudgeToo?: string): boolean {
    const convoy = this.beads.table.get(id)?.bead;
    if (convoy?.issue_type !== CONVOY || convoy.status !== "open" || convoy.labels?.includes(OWNED)) return false;
    const progress = progressOf(this.beads.sql, convoy);
    if (standsAgainst(this.beads.sql, convoy, progress, this.ports.merges).length > 0) return false;
    if (!this.#movedOn(convoy)) return false;
    land(this, convoy, { reason: DONE, forced: false, progress, nudgeToo });
    return true;
  }

  /** Closed by hand: refused while anything is open, or with `force` given up. @returns false when it was closed already */
  close(part: string, options: CloseOptions = {}): boolean {
    const convoy = this.reads.need(part);
    if (convoy.status === "closed") return false;
    const { force = false } = options;
    const progress = progressOf(this.beads.sql, convoy);
    if (!force && !isStaged(convoy.status) && !progress.complete) {
      throw refused(convoy.id, `${convoy.id} is not closed: ${leftOf(progress)} (--force gives it up)`);
    }
    const reason = options.reason ?? (progress.complete ? DONE : "Closed");
    land(this, convoy, { ...{ reason, forced: !progress.complete, progress }, notify: options.notify });
    return true;
  }

  /** Who is told when it lands. */
  watch(part: string, address: string, { nudge = false, off = false } = {}): string {
    const { id, description } = this.reads.need(part);
    const who = addressOf(address);
    const { facts, text } = readFacts(description);
    const list = nudge ? "nudge_watchers" : "watchers";
    const others = (facts[list] ?? []).filter((one) => one !== who);
    const next = { ...facts, [list]: off ? others : [...others, who] };
    this.beads.update(id, { description: writeFacts(text, next) || null });
    this.say(id, off ? "unwatched" : "watched", { who });
    return id;
  }

  /** The convoy that tracks a bead and is not closed; when there is none, one of its own is made. */
  autoFor(bead: string): string {
    const known = trackersOf(this.beads.sql, bead).find(({ status }) => status !== "closed");
    if (known) return known.id;
    const { title } = this.beads.need(bead).bead;
    return this.create({ title: [..."Work: ", ...title].slice(0, 500).join(""), beads: [bead] }).id;
  }

  /** Remembers what to tell after the commit. */
  say(id: string, kind: string, data?: Readonly<Record<string, unknown>>): void {
    this.said.push({ id, kind, ...(data === undefined ? {} : { data }) });
  }

  /** One that was opened again by hand while all was done stays open until something of it is done anew. */
  #movedOn(convoy: BeadRecord): boolean {
    const { sql } = this.beads;
    const opened = sql.one(
      "SELECT max(seq) AS seq FROM bead_events WHERE id = ? AND kind = 'reopened'",
      convoy.id,
    )?.seq;
    if (typeof opened !== "number") return true;
    const since = sql.one(
      `SELECT 1 AS found FROM bead_events WHERE id = ?1 AND seq > ?2 AND kind IN ('dependency_added', 'dependency_removed')
       UNION ALL SELECT 1 FROM bead_events WHERE seq > ?2 AND id <> ?1 AND id IN (SELECT value FROM json_each(?3)) LIMIT 1`,
      ...[
        convoy.id,
        opened,
        JSON.stringify([...trackedIds(convoy), ...childConvoys(sql, convoy.id).map(({ id }) => id)]),
      ],
    );
    return since !== undefined;
  }

  #toTrack({ beads = [], fromEpic }: NewConvoy): string[] {
    const ids = this.#resolveAll(beads);
    if (fromEpic === undefined) return ids;
    const epic = this.#beadReads.get(this.#beadReads.resolve(fromEpic));
    if (epic.issue_type !== "epic") throw refused(epic.id, `${epic.id} is no epic but a ${epic.issue_type}`);
    const below = workBelow(this.#beadReads, epic.id);
    if (below.length === 0)
      throw refused(epic.id, `below ${epic.id} nothing is to be done: no open ${SLINGABLE.join(", ")}`);
    return [...new Set([...ids, ...below])];
  }

  #track(convoy: string, bead: string): void {
    this.beads.addDependency(convoy, bead, TRACKS);
  }

  #resolveAll(parts: readonly string[]): string[] {
    return [...new Set(parts.map((part) => this.#beadReads.resolve(part)))];
  }

  #resolveOr(part: string): string {
    return this.beads.table.has(part) ? part : this.#safeResolve(part);
  }

  #safeResolve(part: string): string {
    try {
      return this.#beadReads.resolve(part);
    } catch {
      return part;
    }
  }
}

/** What stands below an epic, is work and not done; epics and decisions are walked through. */
export function workBelow(reads: BeadReads, epic: string): string[] {
  const found: string[] = [];
  const seen = new Set([epic]);
  const queue = [epic];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const child of reads.children(at)) {
      if (seen.has(child.id)) continue;
      seen.add(child.id);
      queue.push(child.id);
      if (SLINGABLE.includes(child.issue_type) && !isDone(child.status)) found.push(child.id);
    }
  }
  return found;
}

function checkedFacts(given: NewConvoy & { readonly owner: string }): ConvoyFacts {
  const { owner, notify, molecule, merge, baseBranch, watchers = [], nudgeWatchers = [] } = given;
  const names = (list: readonly string[]) => [...new Set(list.map(addressOf))];
  const line = (what: string, text: string) => {
    if (/^[^\s,][^\n\r]{0,199}$/.test(text)) return text;
    throw new BarnacleError("INPUT_INVALID", `${what}: expected one short line, found "${text.slice(0, 40)}"`);
  };
  return {
    ...(owner === "" ? {} : { owner: addressOf(owner) }),
    ...(notify === undefined ? {} : { notify: addressOf(notify) }),
    ...(molecule === undefined ? {} : { molecule: line("molecule", molecule) }),
    ...(merge === undefined ? {} : { merge: checkMerge(merge) }),
    ...(baseBranch === undefined ? {} : { base_branch: line("baseBranch", baseBranch) }),
    ...{ watchers: names(watchers), nudge_watchers: names(nudgeWatchers) },
  };
}

function refused(id: string, text: string): BarnacleError {
  return new BarnacleError("CONVOY_REFUSED", text, { details: { id } });
}
