import type { Random } from "@barnacle/protocol/runtime";

/** Keys that handlers look for, and some that no handler may trip over. */
const KEYS = [
  ..."id key name text message sessionKey sessionId nodeId deviceId requestId runId jobId agentId command".split(" "),
  ..."params limit cursor offset enabled mode raw baseHash path triggers scopes role token patch schedule".split(" "),
  ..."payload decision url channel to provider idempotencyKey timeoutMs __proto__ constructor toString".split(" "),
];
const TEXTS = [
  ...["", " ", "main", "agent:main:main", "../../etc/passwd", "%00", "\u0000", "\ud800", "🐚".repeat(40)],
  ...["__proto__", "a".repeat(70_000), "' OR 1=1 --", "{{7*7}}", "\u202e", "-1", "1e999", "null", "{}", "[]"],
];
const NUMBERS = [0, -0, -1, 1, 2 ** 31, 2 ** 53, -(2 ** 53), 1.5, 1e308, 5e-324];

/** Repeatable nonsense for a gateway: frames that are none, and calls with parameters that hardly fit. */
export class GatewayFuzz {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(limit: number): number {
    return Math.floor(this.#random.unit() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  value(depth = 3): unknown {
    switch (this.below(depth > 0 ? 9 : 6)) {
      case 0:
        return null;
      case 1:
        return this.pick([true, false]);
      case 2:
        return this.pick(NUMBERS);
      case 3:
      case 4:
        return this.pick(TEXTS);
      case 5:
        return this.#random.uuid();
      case 6:
        return Array.from({ length: this.below(4) }, () => this.value(depth - 1));
      default:
        return this.object(depth - 1);
    }
  }

  /** An object with a few known keys; `__proto__` as a real member, as JSON can carry it. */
  object(depth = 3): unknown {
    const members = Array.from({ length: this.below(6) }, () => {
      return `${JSON.stringify(this.pick(KEYS))}:${JSON.stringify(this.value(depth - 1))}`;
    });
    return JSON.parse(`{${members.join(",")}}`);
  }

  params(): unknown {
    return this.pick([undefined, {}, this.object(), this.object(), this.object(), this.value()]);
  }

  /** A message that is not a request: cut, twisted, of the wrong kind, or plain noise. */
  frame(): string | Buffer {
    const good = JSON.stringify({ type: "req", id: "f", method: "health", params: this.params() });
    switch (this.below(10)) {
      case 0:
        return good.slice(0, this.below(good.length));
      case 1:
        return this.#random.bytes(this.below(200));
      case 2:
        return JSON.stringify(this.value());
      case 3:
        return JSON.stringify({ type: this.pick(["res", "event", "REQ", 1, null]), id: "f", method: "health" });
      case 4:
        return JSON.stringify({ type: "req", id: this.value(0), method: this.value(0) });
      case 5:
        return JSON.stringify({ type: "req", id: "", method: "health" });
      case 6:
        return `${good}${good}`;
      case 7:
        return "[".repeat(this.below(5000));
      case 8:
        return JSON.stringify({ type: "req", id: "f", method: this.pick(TEXTS), params: this.value() });
      default:
        return good.replace(/[a-z]/g, (letter) => (this.below(20) === 0 ? "\u0001" : letter));
    }
  }
}
