import { systemClock } from "@barnacle/protocol/runtime";
import type { Command } from "commander";
import { demoStateDir } from "../places.ts";
import { example, type Family } from "../session.ts";

interface DemoFlags {
  readonly once?: boolean;
  readonly audio?: string;
  readonly room: string;
  readonly log?: boolean;
}

export const demoFamily: Family = (program, open) => {
  example(
    program
      .command("demo")
      .description("a hub and one simulated room that hears a recording; real engines, real wires")
      .option(
        "--once",
        "one turn on private ports and a temporary state directory; exit code 0 when it was carried out",
      )
      .option("--audio <file>", "16 kHz mono 16-bit WAV instead of the bundled recording")
      .option("--room <name>", "the simulated room", "kitchen")
      .option("--log", "both programs' logs on standard error"),
    "barnacle demo",
    "barnacle demo --once --json --audio recording.wav --room bedroom",
  ).action(async (flags: DemoFlags, command: Command) => {
    const session = open(command);
    const { io, out } = session;
    const onLog = flags.log ? (text: string) => io.stderr.write(text) : undefined;
    const common = { audio: flags.audio, room: flags.room, io, out, clock: systemClock, onLog };
    if (flags.once || out.json) {
      const [{ runOnce }, { showOnce }] = await Promise.all([
        import("../../demo/once.ts"),
        import("../../demo/show-once.ts"),
      ]);
      const summary = await runOnce({ ...common, ...(out.json ? {} : { onWatch: showOnce(out, systemClock) }) });
      out.print(summary, (style) => (summary.ok ? style.green("done") : style.red(`failed: ${summary.reason}`)));
      if (!summary.ok) session.fail();
      return;
    }
    const { runDemo } = await import("../../demo/demo.ts");
    session.exit = await runDemo({ ...common, stateDir: session.options.stateDir ?? demoStateDir(io) });
  });
};
