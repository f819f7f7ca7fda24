import type { Command } from "commander";
import { EXIT, type ExitCode, exitCodeOf } from "../exit.ts";
import type { Io } from "../io.ts";
import { type Family, type GlobalOptions, Session } from "../session.ts";

type Parser = (value: string, before?: unknown) => unknown;
type Action = (...given: unknown[]) => unknown;

interface Option {
  readonly member: string;
  /** False: it says yes or no. */
  readonly takesValue: boolean;
  /** `--no-…` */
  readonly negates: boolean;
  readonly parser: Parser | undefined;
}

/** Options that every command takes, as `programOf` has them. */
const GLOBAL = ["--json", "--url <url>", "--token <token>", "--fingerprint <sha256>", "--state-dir <dir>"];

/** It is for commander to say what is wrong, or to help. */
class NotQuick extends Error {}

/**
 * Runs a plain command line of these families without loading commander, which takes a third of a short command's time.
 * Undefined when anything about it is not plain: help, an unknown option, a missing word. Nothing has happened then.
 */
export async function runQuickly(
  families: readonly Family[],
  argv: readonly string[],
  io: Io,
): Promise<ExitCode | undefined> {
  let session: Session | undefined;
  const open = (command: Command) => {
    session = new Session(io, command.optsWithGlobals());
    return session;
  };
  const call = callOf(families, argv, open);
  if (!call) return undefined;
  try {
    await call();
    return session?.exit ?? EXIT.done;
  } catch (error) {
    (session ?? new Session(io, { json: argv.includes("--json") })).out.error(error);
    return exitCodeOf(error);
  }
}

/** What the command line asks for, ready to be done. */
export function callOf(
  families: readonly Family[],
  argv: readonly string[],
  open: (command: Command) => Session,
): (() => unknown) | undefined {
  try {
    const program = new QuickCommand("barnacle");
    for (const flags of GLOBAL) program.option(flags);
    for (const family of families) program.adopt((given) => family(given, open));
    return program.read(argv);
  } catch {
    // Also what this does not know of commander.
    return undefined;
  }
}

/** The part of commander's `Command` that families use. */
class QuickCommand {
  readonly parent: QuickCommand | undefined;
  readonly #names: string[];
  readonly #arguments: string[];
  readonly #commands: QuickCommand[] = [];
  readonly #options = new Map<string, Option>();
  readonly #required: string[] = [];
  readonly #values: Record<string, unknown> = {};
  #strange = false;
  #action: Action | undefined;

  constructor(usage: string, parent?: QuickCommand) {
    const [name = "", ...words] = usage.split(" ");
    this.#names = [name];
    this.#arguments = words;
    this.parent = parent;
  }

  /** A family that uses more of commander than this knows is left to it. */
  adopt(add: (program: Command) => void): void {
    const before = this.#commands.length;
    try {
      add(this as unknown as Command);
    } catch {
      this.#commands.length = before;
    }
  }

  command(usage: string): QuickCommand {
    const child = new QuickCommand(usage, this);
    this.#commands.push(child);
    return child;
  }

  alias(name: string): this {
    this.#names.push(name);
    return this;
  }

  description(_text: string): this {
    return this;
  }

  addHelpText(_where: string, _text: string): this {
    return this;
  }

  option(flags: string, _description?: string, ...more: readonly unknown[]): this {
    const [parser, fallback] = typeof more[0] === "function" ? more : [undefined, more[0]];
    const { short, long, value } =
      /^(?:(?<short>-\w), )?(?<long>--[\w-]+)(?: (?<value><.+>))?$/.exec(flags)?.groups ?? {};
    if (long === undefined) throw new NotQuick(flags);
    const negates = long.startsWith("--no-");
    const member = long.slice(negates ? 5 : 2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    const option = { member, takesValue: value !== undefined, negates, parser: parser as Parser | undefined };
    if (negates && ![...this.#options.values()].some((one) => one.member === member)) this.#values[member] = true;
    if (fallback !== undefined) this.#values[member] = fallback;
    for (const name of [short, long]) if (name !== undefined) this.#options.set(name, option);
    return this;
  }

  argument(usage: string, _description?: string): this {
    this.#arguments.push(usage);
    return this;
  }

  /** Such a command is commander's to read. */
  allowUnknownOption(): this {
    this.#strange = true;
    return this;
  }

  requiredOption(flags: string, description?: string, ...more: readonly unknown[]): this {
    this.option(flags, description, ...more);
    const long = /--[\w-]+/.exec(flags)?.[0] ?? "";
    this.#required.push(this.#options.get(long)?.member ?? "");
    return this;
  }

  action(run: Action): this {
    this.#action = run;
    return this;
  }

  /** Its own, as its action gets them. */
  opts(): Readonly<Record<string, unknown>> {
    return this.#values;
  }

  optsWithGlobals(): GlobalOptions {
    return { ...this.#values, ...this.parent?.optsWithGlobals() };
  }

  /** @throws NotQuick */
  read(argv: readonly string[]): () => unknown {
    let at: QuickCommand = this;
    const words: string[] = [];
    for (let i = 0; i < argv.length; i++) {
      const token = argv[i] ?? "";
      if (token === "--") {
        words.push(...argv.slice(i + 1));
        break;
      }
      if (token.startsWith("-") && token !== "-") i += at.#take(token, argv[i + 1]);
      else if (at.#commands.length === 0) words.push(token);
      else {
        const next = at.#commands.find((one) => one.#names.includes(token));
        if (!next) throw new NotQuick(token);
        at = next;
      }
    }
    const action = at.#action;
    if (!action || at.#strange) throw new NotQuick("no command");
    if (at.#required.some((member) => at.#values[member] === undefined)) throw new NotQuick("a required option");
    const given = at.#operands(words);
    return () => action(...given, at.#values, at);
  }

  /** @returns how many words more it used */
  #take(token: string, next: string | undefined): number {
    const equals = token.startsWith("--") ? token.indexOf("=") : -1;
    const name = equals < 0 ? token : token.slice(0, equals);
    const found = this.#find(name);
    if (!found) throw new NotQuick(token);
    const [owner, { member, takesValue, negates, parser }] = found;
    if (!takesValue) {
      if (equals >= 0) throw new NotQuick(token);
      owner.#values[member] = !negates;
      return 0;
    }
    const value = equals < 0 ? next : token.slice(equals + 1);
    if (value === undefined || (equals < 0 && value.length > 1 && value.startsWith("-"))) throw new NotQuick(token);
    owner.#values[member] = parser ? parser(value, owner.#values[member]) : value;
    return equals < 0 ? 1 : 0;
  }

  #find(name: string): [QuickCommand, Option] | undefined {
    const own = this.#options.get(name);
    if (own) return [this, own];
    return this.parent === undefined ? undefined : this.parent.#find(name);
  }

  #operands(words: readonly string[]): unknown[] {
    const last = this.#arguments.at(-1);
    const variadic = last?.includes("...") === true;
    const needed = this.#arguments.filter((one) => one.startsWith("<")).length;
    if (words.length < needed || (!variadic && words.length > this.#arguments.length)) throw new NotQuick("words");
    const single = variadic ? this.#arguments.length - 1 : this.#arguments.length;
    const given: unknown[] = Array.from({ length: single }, (_, i) => words[i]);
    return variadic ? [...given, words.slice(single)] : given;
  }
}
