import { toBarnacleError } from "@barnacle/protocol/errors";
import type { EngineSpec, SpeechEngine } from "../engine.ts";
import type { FromChild, ToChild } from "./messages.ts";

/** The child's side of the conversation, apart from the process it runs in. */
export class EngineSession {
  readonly #open: (spec: EngineSpec) => Promise<SpeechEngine>;
  readonly #send: (message: FromChild) => void;
  #engine: SpeechEngine | undefined;
  #speaking = false;
  /** Grammars that came during an utterance; they hold from its end. */
  #held: Extract<ToChild, { type: "grammar" }>[] = [];
  /** The first failure of the running utterance; told when it is finished. */
  #failure: unknown;

  constructor(open: (spec: EngineSpec) => Promise<SpeechEngine>, send: (message: FromChild) => void) {
    this.#open = open;
    this.#send = send;
  }

  /** Handles one message; the caller awaits it before the next. */
  async handle(message: ToChild): Promise<void> {
    try {
      await this.#perform(message);
    } catch (error) {
      if ("id" in message) this.#send({ type: "failed", id: message.id, error: toBarnacleError(error).toShape() });
      else this.#failure ??= error;
    }
    if (message.type !== "finish" && message.type !== "abandon") return;
    this.#speaking = false;
    for (const held of this.#held.splice(0)) await this.handle(held);
  }

  async #perform(message: ToChild): Promise<void> {
    switch (message.type) {
      case "load": {
        const engine = await this.#open(message.spec);
        engine.setGrammar(message.grammar);
        this.#engine = engine;
        return this.#send({ type: "done", id: message.id });
      }
      case "grammar":
        if (this.#speaking) {
          this.#held.push(message);
          return;
        }
        this.#engine?.setGrammar(message.grammar);
        return this.#send({ type: "done", id: message.id });
      case "start":
        this.#failure = undefined;
        this.#speaking = true;
        return this.#engine?.start();
      case "audio":
        if (this.#failure === undefined) this.#engine?.feed(message.samples);
        return;
      case "finish": {
        if (this.#failure !== undefined) throw this.#failure;
        const recognition = this.#engine?.finish();
        return this.#send({ type: "done", id: message.id, recognition });
      }
      case "abandon":
        return this.#engine?.abandon();
    }
  }
}
