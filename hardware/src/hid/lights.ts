import { bitOf, fieldOf, type HidField, reportLength } from "./descriptor.ts";
import type { HidLight } from "./port.ts";
import type { HidLights } from "./profile.ts";

/** What a light of any colour shows unless its profile says otherwise. */
const COLOURS: Readonly<Record<HidLight, string>> = {
  muted: "#ff0000",
  listening: "#0000ff",
  thinking: "#800080",
  speaking: "#00ff00",
  offline: "#402000",
  idle: "#000000",
};

type Piece = NonNullable<HidLights["bytes"]>[number];

/** The report that shows a state, report id first; undefined: the device has no light for it. */
export function lightReport(lights: HidLights, fields: readonly HidField[], state: HidLight): Uint8Array | undefined {
  if (lights.usages) return usageReport(lights.usages, fields, state);
  const body = lights.states
    ? lights.states[state]
    : coloured(lights.bytes ?? [], lights.colours?.[state] ?? COLOURS[state]);
  return body && Uint8Array.from([lights.report, ...body]);
}

function coloured(pieces: readonly Piece[], colour: string): number[] {
  const part = (at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);
  const colours = { red: part(1), green: part(3), blue: part(5) };
  return pieces.flatMap((piece): number[] => {
    if (typeof piece === "number") return [piece];
    if (typeof piece === "string") return [colours[piece]];
    const once = coloured(piece.of, colour);
    return Array.from({ length: piece.repeat }, () => once).flat();
  });
}

/** All lights of the device that any state uses stand in one report: those of this state are on, the others off. */
function usageReport(
  usages: NonNullable<HidLights["usages"]>,
  fields: readonly HidField[],
  state: HidLight,
): Uint8Array | undefined {
  const wanted = usages[state];
  if (!wanted) return undefined;
  const first = Object.values(usages)
    .flat()
    .map((usage) => fieldOf(fields, "output", usage))
    .find((field) => field !== undefined);
  if (!first) return undefined;
  const bytes = new Uint8Array(1 + reportLength(fields, "output", first.report));
  bytes[0] = first.report;
  for (const usage of wanted) {
    const field = fieldOf(fields, "output", usage);
    const bit = field?.report === first.report ? bitOf(field, usage) : undefined;
    if (bit !== undefined) bytes[1 + (bit >> 3)] = (bytes[1 + (bit >> 3)] ?? 0) | (1 << (bit & 7));
  }
  return bytes;
}
