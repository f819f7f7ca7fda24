import type { Unit } from "@barnacle/protocol/runtime";
import type { Escalations } from "../escalations/index.ts";
import type { EmergencyStop } from "../estop/index.ts";
import type { Hooks } from "../hooks/index.ts";
import { postMail } from "../mail/index.ts";
import { Refinery } from "../refinery/index.ts";
import { advance, type Rigs } from "../rigs/index.ts";
import type { TownBase } from "./part.ts";

export interface RefineryNeeds {
  readonly rigs: Rigs;
  readonly estop: EmergencyStop;
  readonly escalations: Escalations;
  /** Asked late. */
  readonly hooks: () => Hooks;
}

/** The merge queue with its ways to the rest of the town. */
export function refineryPart(base: TownBase, { rigs, estop, escalations, hooks }: RefineryNeeds): Refinery {
  return new Refinery({
    ...base,
    ...{ env: process.env, post: postMail, estop },
    holds: (_worker, bead) => hooks().reads.ofBead(bead) !== undefined,
    raise: (who, trouble) => escalations.raise(who, trouble),
    rigs: {
      find: (name) => rigs.find(name),
      git: (name) => rigs.git(name),
      turn: (name, work) => rigs.lanes.run(name, work),
      advance: (name, branch, to, from) => advance(rigs.git(name), branch, to, from),
    },
  });
}

/** An emergency stop ends what the refinery tests. */
export class RefineryBrake implements Unit {
  readonly #refinery: Refinery;
  readonly #estop: EmergencyStop;
  #detach: (() => void) | undefined;

  constructor(refinery: Refinery, estop: EmergencyStop) {
    this.#refinery = refinery;
    this.#estop = estop;
  }

  async start(): Promise<void> {
    this.#detach = this.#estop.attach(this.#refinery);
  }

  async stop(): Promise<void> {
    this.#detach?.();
    this.#detach = undefined;
  }
}
