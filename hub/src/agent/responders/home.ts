import type { VoiceTurns } from "../../services.ts";
import type { Answer, Ask, ChatResponder, Output } from "../responder.ts";

/** The model id under which a session can ask for the household's sentences alone. */
export const HOME_MODEL = "barnacle/home";

/** Household sentences: handed to the voice turns, so that there is one way in which they are understood, permitted and recorded. */
export class HomeSentences implements ChatResponder {
  readonly name = "home";
  readonly #voice: Pick<VoiceTurns, "understands" | "ask">;

  constructor(options: { voice: Pick<VoiceTurns, "understands" | "ask"> }) {
    this.#voice = options.voice;
  }

  async respond(ask: Ask, out: Output): Promise<Answer | undefined> {
    const { message, room, principal, runId, source, attachments } = ask;
    // What was spoken was looked at by the voice turn that asks.
    if (source === "voice" || attachments.length > 0 || !this.#voice.understands(message)) return undefined;
    const turn = await this.#voice.ask(message, {
      ...(room === undefined ? {} : { room }),
      ...{ principal, idempotencyKey: runId, origin: "run" },
    });
    if (turn.error?.code === "NOT_UNDERSTOOD") return undefined;
    out.model("barnacle", "home");
    out.text(turn.reply ?? "");
    return { stopReason: "stop" };
  }
}
