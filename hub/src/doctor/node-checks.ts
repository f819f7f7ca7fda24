import { toBarnacleError } from "@barnacle/protocol/errors";
import { isObject } from "../cli/gateway/wire.ts";
import type { Io } from "../cli/io.ts";
import { jsonOf, runNode } from "../cli/node-program.ts";
import type { Check, ModelLicence } from "./check.ts";

/** Parts of the node program's own report, in the order in which sound passes through them. */
const PARTS = ["microphone", "wake", "endpoint", "speech", "voice"] as const;

/** What a node could use here, from `barnacle-node doctor`. A hub works without; so nothing here is worse than `off`. */
export async function checkNode(io: Io): Promise<{ checks: Check[]; models: ModelLicence[] }> {
  try {
    return readReport(jsonOf(await runNode(["doctor", "--json"], io)));
  } catch (error) {
    const { message, hint } = toBarnacleError(error);
    return { checks: [{ area: "node", name: "barnacle-node", state: "off", detail: message, hint }], models: [] };
  }
}

export function readReport(report: unknown): { checks: Check[]; models: ModelLicence[] } {
  const checks: Check[] = [];
  const models: ModelLicence[] = [];
  if (!isObject(report)) return { checks, models };
  for (const part of PARTS) {
    const infos = Array.isArray(report[part]) ? report[part].filter(isObject) : [];
    for (const info of infos) {
      const engine = String(info.engine ?? info.driver ?? info.name ?? "?");
      checks.push(checkOf(`${part} ${engine}`, isObject(info.availability) ? info.availability : {}));
      for (const model of Array.isArray(info.models) ? info.models.filter(isObject) : [])
        models.push({
          engine,
          name: String(model.name),
          file: String(model.file),
          present: model.present === true,
          licence: String(model.licence),
          ...(typeof model.note === "string" ? { note: model.note } : {}),
        });
    }
  }
  return { checks, models };
}

function checkOf(name: string, availability: Record<string, unknown>): Check {
  if (availability.available === true) {
    const detail = typeof availability.detail === "string" ? availability.detail : "ready";
    return { area: "node", name, state: "ok", detail };
  }
  const hint = typeof availability.hint === "string" ? { hint: availability.hint } : {};
  return { area: "node", name, state: "off", detail: String(availability.reason ?? "no reason given"), ...hint };
}
