import type { Style } from "../cli/output.ts";

export interface NextStepsOptions {
  /** How the program is called here: `barnacle` or `npx barnacle`. */
  readonly program: string;
  /** What it needs to find the demo's hub, or "". */
  readonly flags: string;
  readonly pins: string;
  readonly style: Style;
}

/** What the demo leaves on the screen: commands that work as they stand. */
export function nextSteps({ program, flags, pins, style }: NextStepsOptions): string {
  const call = (words: string): string => style.bold(`${program} ${words}${flags === "" ? "" : ` ${flags}`}`);
  const rows: readonly (readonly [string, string])[] = [
    [call('ask "turn off the kitchen light"'), "the same by keyboard"],
    [call("turns show"), "the last turn, stage by stage"],
    [call("devices list"), "what is paired"],
    [call("route explain --cap talk.speak"), "which node would speak, and why"],
    [call("audit list"), "what was decided and done"],
  ];
  const plain = (text: string): number => text.length;
  const width = Math.max(...rows.map(([command]) => plain(command)));
  const tries = rows.map(
    ([command, what]) => `    ${command}${" ".repeat(width - plain(command))}   ${style.dim(what)}`,
  );
  return [
    "  Both stay up. In another terminal:",
    "",
    ...tries,
    "",
    `  The simulated pins: ${pins}`,
    "",
    "  A real node is a Raspberry Pi with a microphone, and this repository on it:",
    "",
    `    ${style.dim("here")}       ${style.bold(`${program} hub --bind lan`)}`,
    `    ${style.dim("here")}       ${style.bold(`${program} devices code`)}`,
    `    ${style.dim("on the Pi")}  ${style.bold(`${program}-node --hub http://THIS-MACHINE:18789 --setup-code CODE --config node.yaml`)}`,
    "",
    style.dim("    # node.yaml"),
    ...PI_CONFIG.map((line) => style.dim(`    ${line}`)),
    "",
    `  ${style.dim("Ctrl-C stops both.")}`,
    "",
  ].join("\n");
}

/** A Pi with a USB microphone and speakers. */
export const PI_CONFIG = [
  "name: Bedroom",
  "room: bedroom",
  "microphone: { driver: pvrecorder }",
  "wake: { engine: openwakeword, phrases: [hey jarvis] }",
  "speech: { engine: pocketsphinx }",
  "voice: { engine: espeak-ng, player: aplay }",
];
