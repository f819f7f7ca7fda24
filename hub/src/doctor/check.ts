import type { Style } from "../cli/output.ts";
import { oneLine } from "../cli/table.ts";

/** `off`: something optional is not there, and what that costs is said; `bad`: Barnacle cannot work so. */
export type CheckState = "ok" | "off" | "bad";

export interface Check {
  readonly area: "hub" | "node";
  readonly name: string;
  readonly state: CheckState;
  readonly detail: string;
  readonly hint?: string;
}

/** A model file and on which terms it may be used. */
export interface ModelLicence {
  readonly engine: string;
  readonly name: string;
  readonly file: string;
  readonly present: boolean;
  readonly licence: string;
  readonly note?: string;
}

export interface Diagnosis {
  /** False when anything is `bad`. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly models: readonly ModelLicence[];
}

const LONGEST = 100;

export function describeDiagnosis(diagnosis: Diagnosis, style: Style): string {
  const lines: string[] = [];
  for (const area of ["hub", "node"] as const) {
    const checks = diagnosis.checks.filter((check) => check.area === area);
    if (checks.length === 0) continue;
    const width = Math.max(...checks.map((check) => check.name.length));
    lines.push(style.bold(area));
    for (const check of checks) {
      lines.push(`  ${mark(check.state, style)} ${check.name.padEnd(width)}  ${shortened(oneLine(check.detail))}`);
      if (check.hint && check.state !== "ok") lines.push(`    ${" ".repeat(width)}  ${style.dim(oneLine(check.hint))}`);
    }
  }
  if (diagnosis.models.length > 0) {
    lines.push(style.bold("models and their licences"));
    for (const model of diagnosis.models) {
      const note = model.note ? style.dim(` (${oneLine(model.note)})`) : "";
      lines.push(
        `  ${mark(model.present ? "ok" : "off", style)} ${model.engine} ${model.name}: ${model.licence}${note}`,
      );
    }
  }
  return lines.join("\n");
}

/** Lists of devices can be long; `--json` has them whole. */
function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function mark(state: CheckState, style: Style): string {
  if (state === "ok") return style.green("✓");
  return state === "off" ? style.yellow("–") : style.red("✗");
}
