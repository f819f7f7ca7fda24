import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { TurnRecord } from "../../services.ts";
import { timestamp } from "../format.ts";
import { count } from "../gateway/parse.ts";
import { example, type Family } from "../session.ts";
import { describeTurn } from "./turn-view.ts";

export const turnsFamily: Family = (program, open) => {
  const turns = program.command("turns").description("what was said, and what came of it");
  example(
    turns.command("list").description("the last turns, newest first").option("--limit <n>", "how many", count, 20),
    "barnacle turns list --limit 5",
  ).action(async (options: { limit: number }, command: Command) => {
    const session = open(command);
    const { turns } = await session.hub((client) =>
      client.call<{ turns: readonly TurnRecord[] }>("barnacle.turns.list", { limit: options.limit }),
    );
    session.out.list(
      turns,
      [
        { title: "TIME", value: (turn) => timestamp(turn.startedAt), paint: (text, _turn, style) => style.dim(text) },
        { title: "ROOM", value: (turn) => turn.room },
        { title: "SAID", value: (turn) => turn.transcript ?? `(${turn.outcome})` },
        { title: "INTENT", value: (turn) => turn.intent },
        {
          title: "RESULT",
          value: (turn) => (turn.ok ? "ok" : turn.status === "done" ? "no" : turn.status),
          paint: (text, turn, style) => (turn.ok ? style.green(text) : style.yellow(text)),
        },
        { title: "ID", value: (turn) => turn.turnId, paint: (text, _turn, style) => style.dim(text) },
      ],
      'No turns yet. Try: barnacle ask "what time is it"',
    );
  });

  example(
    turns.command("show [turn]").description("one turn with its stages; without an id the last one"),
    "barnacle turns show",
  ).action(async (id: string | undefined, _options: object, command: Command) => {
    const session = open(command);
    const turn = await session.hub(async (client) => {
      if (id !== undefined) return client.call<TurnRecord>("barnacle.turns.get", { turnId: id });
      const { turns } = await client.call<{ turns: readonly TurnRecord[] }>("barnacle.turns.list", { limit: 1 });
      const last = turns[0];
      if (!last) throw new BarnacleError("NOT_FOUND", "there are no turns yet");
      return last;
    });
    session.out.print(turn, (style) => describeTurn(turn, style));
  });
};
