import type { Answer, Ask, ChatResponder, Output } from "../responder.ts";

/** Says that nobody understood, and what would help. */
export class LastWord implements ChatResponder {
  readonly name = "last";
  readonly #free: boolean;

  /** @param free something else answers free conversation, though not this session's */
  constructor(options: { free: boolean }) {
    this.#free = options.free;
  }

  async respond(ask: Ask, out: Output): Promise<Answer> {
    const advice = this.#free
      ? " This session is set to the household's sentences alone; /model shows what else there is."
      : ' I know the sentences of this household ("help" lists some); for free conversation, set agent.model or agent.command.';
    out.model("barnacle", "home");
    out.text(`Sorry, I did not understand that.${ask.source === "voice" ? "" : advice}`);
    return { stopReason: "not-understood" };
  }
}
