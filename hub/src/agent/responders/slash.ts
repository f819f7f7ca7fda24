import { messageOf } from "@barnacle/protocol/errors";
import type { StoredSessions } from "../../sessions/index.ts";
import { THINKING_LEVELS } from "../../sessions/index.ts";
import type { Models } from "../model/models.ts";
import type { Answer, Ask, ChatResponder, Output } from "../responder.ts";

export interface SlashCommand {
  readonly name: string;
  readonly description: string;
  readonly category: "session" | "options" | "status";
  readonly argument?: { readonly name: string; readonly description: string; readonly choices?: readonly string[] };
}

/** What is handled here and never reaches a model. `/stop` is obeyed before its turn comes, in `Runs`. */
export const SLASH_COMMANDS: readonly SlashCommand[] = [
  { name: "help", description: "Lists these commands.", category: "status" },
  { name: "status", description: "Shows the session, its model and its counters.", category: "status" },
  { name: "new", description: "Begins a new conversation.", category: "session" },
  { name: "reset", description: "Begins a new conversation.", category: "session" },
  { name: "stop", description: "Ends what is being answered.", category: "session" },
  {
    name: "think",
    description: "Sets how long the model may think.",
    category: "options",
    argument: { name: "level", description: "the level", choices: THINKING_LEVELS },
  },
  {
    name: "model",
    description: "Shows the models, or chooses one for this session.",
    category: "options",
    argument: { name: "model", description: "provider/model" },
  },
];

/** Words that end a run when they are all that is said. Source: gateway protocol 3, "chat". */
const STOP_WORDS: ReadonlySet<string> = new Set(["/stop", "stop", "esc", "abort", "wait", "exit", "interrupt"]);

export const isStop = (message: string): boolean => STOP_WORDS.has(message.trim().toLowerCase());

const SOURCES: ReadonlySet<string> = new Set(["chat", "agent", "channel", "node", "http"]);

/** `/status`, `/new`, `/think high`, … typed by a person. */
export class SlashCommands implements ChatResponder {
  readonly name = "slash";
  readonly #sessions: StoredSessions;
  readonly #models: Models;

  constructor(options: { sessions: StoredSessions; models: Models }) {
    this.#sessions = options.sessions;
    this.#models = options.models;
  }

  async respond(ask: Ask, out: Output): Promise<Answer | undefined> {
    const [, name, argument] = /^\/([a-z]+)(?:[ :]+(\S.*))?$/i.exec(ask.message.trim()) ?? [];
    if (name === undefined || !SOURCES.has(ask.source)) return undefined;
    const command = SLASH_COMMANDS.find((known) => known.name === name.toLowerCase());
    if (!command) return undefined;
    out.model("barnacle", "commands");
    out.text(await this.#run(command.name, argument?.trim(), ask));
    return { stopReason: "stop" };
  }

  async #run(name: string, argument: string | undefined, ask: Ask): Promise<string> {
    switch (name) {
      case "help":
        return SLASH_COMMANDS.map(({ name, description }) => `/${name}: ${description}`).join("\n");
      case "new":
      case "reset":
        await this.#sessions.reset(ask.sessionKey, name);
        return "A new conversation.";
      case "stop":
        return "Stopped.";
      case "think":
        return this.#set(ask, "thinkingLevel", argument, "Thinking level", THINKING_LEVELS.join(", "));
      case "model":
        return this.#model(ask, argument);
      default:
        return this.#status(ask);
    }
  }

  async #model(ask: Ask, argument: string | undefined): Promise<string> {
    const known = this.#models.list().map(({ ref }) => ref);
    if (argument === undefined || argument === "list") {
      return `Model: ${this.#models.choose(ask.model).ref}\nThere are: ${known.join(", ")}`;
    }
    const wanted = argument === "default" ? undefined : this.#models.find(argument)?.ref;
    if (argument !== "default" && wanted === undefined) {
      return `There is no model ${argument}. There are: ${known.join(", ")}`;
    }
    await this.#sessions.patch(ask.sessionKey, { settings: { model: wanted ?? null } });
    return `Model: ${this.#models.choose(wanted).ref}`;
  }

  async #set(ask: Ask, setting: string, value: string | undefined, label: string, values: string): Promise<string> {
    if (value === undefined) {
      const now = this.#sessions.get(ask.sessionKey)?.settings[setting];
      return `${label}: ${String(now ?? "default")}. It can be: ${values}`;
    }
    try {
      const level = value.toLowerCase();
      await this.#sessions.patch(ask.sessionKey, { settings: { [setting]: level === "default" ? null : level } });
      return `${label}: ${level}.`;
    } catch (error) {
      return messageOf(error);
    }
  }

  #status(ask: Ask): string {
    const session = this.#sessions.get(ask.sessionKey);
    return [
      `Session: ${ask.sessionKey}`,
      `Model: ${this.#models.choose(ask.model).ref}`,
      `Thinking: ${ask.thinking ?? "default"}`,
      `Messages: ${session?.lastSeq ?? 0}`,
      `Tokens: ${session?.inputTokens ?? 0} in, ${session?.outputTokens ?? 0} out`,
    ].join("\n");
  }
}
