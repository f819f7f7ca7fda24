import type { Unit } from "@barnacle/protocol/runtime";
import type { EmergencyStop } from "../estop/index.ts";
import { postMail } from "../mail/index.ts";
import { Refinery, type RefineryPorts } from "../refinery/index.ts";
import { advance, type Rigs } from "../rigs/index.ts";
import type { TownBase } from "./part.ts";

export interface RefineryNeeds extends Pick<RefineryPorts, "holds" | "raise"> {
  readonly rigs: Rigs;
  readonly estop: EmergencyStop;
}

/** The merge queue with its ways to the rest of the town. */
export function refineryPart(base: TownBase, { rigs, estop, holds, raise }: RefineryNeeds): Refinery {
  return new Refinery({
    ...base,
    ...{ env: process.env, post: postMail, estop, holds, raise },
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
