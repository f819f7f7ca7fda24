import path from "node:path";
import type { Test as T } from "tap";
import { ClientHome, type Outcome } from "./client.ts";
import { label, type Program } from "./programs.ts";
import type { Relay } from "./relay.ts";

export interface Expectation {
  /** Exit code; 0 unless said. */
  readonly code?: number;
  /** Refusals that the real gateway gives this command as well, or that are the point of the test. */
  readonly refused?: readonly RegExp[];
}

/** A program's command line on one gateway, with what passed between them. */
export class Cli {
  readonly home: ClientHome;
  readonly relay: Relay;

  constructor(dir: string, program: Program, relay: Relay) {
    this.relay = relay;
    this.home = new ClientHome(path.join(dir, "cli"), program);
    this.home.useRemote(relay);
  }

  /** Runs a command and asserts that it succeeded and that none of its requests was refused. */
  async run(t: T, args: readonly string[], { code = 0, refused = [] }: Expectation = {}): Promise<Outcome> {
    const from = this.relay.frames.length;
    const outcome = await this.home.run(args);
    const what = `${label(this.home.program)} ${args.join(" ").slice(0, 80)}`;
    const unexpected = this.relay.refusals(from).filter((text) => !refused.some((pattern) => pattern.test(text)));
    t.same(unexpected, [], `${what}: no request is refused`);
    t.equal(outcome.code, code, `${what} ends with ${code}`) || t.comment(outcome.stdout, outcome.stderr);
    t.ok(this.relay.frames.length > from || refused.length > 0, `${what} asks the gateway`);
    return outcome;
  }

  /** The same for a command that prints one JSON value, after whatever line it puts before. */
  async json<R = Record<string, unknown>>(t: T, args: readonly string[], expectation?: Expectation): Promise<R> {
    const { stdout, stderr } = await this.run(t, args, expectation);
    const start = stdout.search(/^[[{]|^null/m);
    try {
      return JSON.parse(stdout.slice(Math.max(0, start))) as R;
    } catch {
      t.fail(`${args.join(" ")} prints JSON`, { stdout, stderr });
      return {} as R;
    }
  }
}
