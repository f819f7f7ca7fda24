import { TURN_STAGES, type TurnSpan } from "@barnacle/protocol/schema";
import type { TurnRecord } from "../../services.ts";
import { milliseconds, timestamp } from "../format.ts";
import type { Style } from "../output.ts";
import { oneLine, renderFields } from "../table.ts";

const BAR = 48;
const NAME = Math.max(...TURN_STAGES.map((stage) => stage.length));

/** `turns show` for a person: what was heard and done, then the stages over time. */
export function describeTurn(turn: TurnRecord, style: Style): string {
  const fields = renderFields(
    [
      ["turn", turn.turnId],
      ["time", timestamp(turn.startedAt)],
      ["room", turn.room],
      ["wake", turn.wake && `"${turn.wake.phrase}" by ${turn.wake.engine}, score ${turn.wake.score.toFixed(2)}`],
      ["said", turn.transcript ?? `(${turn.outcome}${turn.reason ? `: ${turn.reason}` : ""})`],
      ["intent", turn.intent],
      ["route", turn.route && `${turn.route.deviceId.slice(0, 12)}: ${turn.route.why}`],
      ...turn.commands.map(
        (command) =>
          [
            "command",
            `${command.command} ${JSON.stringify(command.params)} ${command.ok ? "done" : `failed: ${command.error?.message ?? "no reason given"}`}`,
          ] as const,
      ),
      ["reply", turn.reply],
      ["result", turn.ok ? "ok" : (turn.error?.message ?? turn.reason ?? turn.status)],
    ],
    style,
  );
  return turn.spans.length === 0 ? fields : `${fields}\n\n${spanChart(turn.spans, style)}`;
}

/** One bar per stage, on a common time axis. */
export function spanChart(spans: readonly TurnSpan[], style: Style): string {
  const start = Math.min(...spans.map((span) => span.startMs));
  const end = Math.max(...spans.map((span) => span.startMs + span.durationMs));
  const scale = BAR / Math.max(1, end - start);
  const ordered = [...spans].sort((a, b) => a.startMs - b.startMs);
  return ordered
    .map((span) => {
      const from = Math.min(BAR - 1, Math.floor((span.startMs - start) * scale));
      const length = Math.max(1, Math.min(BAR - from, Math.round(span.durationMs * scale)));
      const bar = `${" ".repeat(from)}${style.cyan((span.durationMs * scale < 0.5 ? "▏" : "█").repeat(length))}`;
      const rest = " ".repeat(BAR - from - length);
      return `${oneLine(span.stage).padEnd(NAME)}  ${bar}${rest}  ${milliseconds(span.durationMs).padStart(8)}`;
    })
    .join("\n");
}
