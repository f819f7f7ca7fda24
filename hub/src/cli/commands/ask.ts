import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { TurnRecord } from "../../services.ts";
import { example, type Family } from "../session.ts";

/** A turn may wait for a device's whole time limit. */
const ANSWER_MS = 40_000;

export const askFamily: Family = (program, open) => {
  example(
    program
      .command("ask <text>")
      .description("as if spoken in a room: the same intents, policy and routing; the answer is printed")
      .option("--room <room>", "where it is said"),
    'barnacle ask "turn on the kitchen light"',
  ).action(async (text: string, options: { room?: string }, command: Command) => {
    const session = open(command);
    const turn = await session.hub((client) =>
      client.call<TurnRecord>("barnacle.ask", { text, ...(options.room && { room: options.room }) }, ANSWER_MS),
    );
    session.out.print(turn, (style) => (turn.ok ? (turn.reply ?? "") : style.yellow(turn.reply ?? turn.reason ?? "")));
    if (!turn.ok) session.fail();
  });

  example(
    program
      .command("say <text>")
      .description("spoken aloud in a room, or everywhere")
      .option("--room <room>", "in this room")
      .option("--all", "in every room"),
    'barnacle say "Dinner is ready." --all',
  ).action(async (text: string, options: { room?: string; all?: boolean }, command: Command) => {
    const session = open(command);
    if ((options.room === undefined) === (options.all !== true))
      throw new BarnacleError("USAGE", "say where: --room R or --all", { hint: "See: barnacle say --help" });
    const where = options.all ? { all: true } : { room: options.room };
    const answer = await session.hub((client) => client.call<object>("barnacle.say", { text, ...where }, ANSWER_MS));
    session.out.print(answer, () => `Said ${options.all ? "everywhere" : `in the room "${options.room}"`}.`);
  });
};
