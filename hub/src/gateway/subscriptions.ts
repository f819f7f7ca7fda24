import { BarnacleError } from "@barnacle/protocol/errors";

const MOST = 1000;

/** Sessions that one connection wants to hear of; bounded, since a client can name any. */
export class Subscriptions extends Set<string> {
  /** @throws RATE_LIMITED */
  override add(key: string): this {
    if (this.size < MOST || this.has(key)) return super.add(key);
    throw new BarnacleError("RATE_LIMITED", `a connection subscribes to at most ${MOST} sessions; leave some first`);
  }
}
