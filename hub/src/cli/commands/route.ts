import type { Command } from "commander";
import type { RouteDecision } from "../../services.ts";
import type { Style } from "../output.ts";
import { example, type Family } from "../session.ts";
import { oneLine } from "../table.ts";
import { type WantedOptions, wantedOf, wantedOptions } from "../wanted.ts";
import { explainRoute } from "./invoke.ts";

export const routeFamily: Family = (program, open) => {
  const route = program.command("route").description("which device the hub would choose");
  example(
    wantedOptions(
      route
        .command("explain")
        .description("which node would be chosen, and why the others were not")
        .requiredOption("--cap <capability>", "capability or command, such as gpio.write")
        .option("--room <room>", "where it is wanted"),
    ),
    "barnacle route explain --cap talk.speak --room kitchen",
    "barnacle route explain --cap audio.capture --where 'sampleRateHz>=16000' --prefer talk.speak --urgency high",
  ).action(async (options: WantedOptions & { cap: string }, command: Command) => {
    const session = open(command);
    const decision = await session.hub((client) => explainRoute(client, options.cap, wantedOf(options)));
    session.out.print(decision, (style) => describeRoute(decision, style));
    if (!decision.chosen) session.fail();
  });
};

function describeRoute(decision: RouteDecision, style: Style): string {
  const lines = decision.ranked.map((candidate, i) => {
    const mark = i === 0 ? style.green("→") : " ";
    const name = i === 0 ? style.bold(oneLine(candidate.displayName)) : oneLine(candidate.displayName);
    return `${mark} ${name}  ${candidate.score}  ${style.dim(candidate.why)}`;
  });
  for (const one of decision.rejected)
    lines.push(`${style.red("✗")} ${oneLine(one.displayName)}  ${style.dim(oneLine(one.reason))}`);
  return lines.length > 0 ? lines.join("\n") : "No device is paired.";
}
