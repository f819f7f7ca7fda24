import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { writeDurably } from "@barnacle/protocol/identity";
import type { Random } from "@barnacle/protocol/runtime";

const TOKEN_BYTES = 24;

/** How programs of the same user find a running hub: `<state dir>/hub.json`, mode 0600. */
export interface HubNotice {
  /** `ws://127.0.0.1:18789` */
  readonly url: string;
  readonly token: string;
  readonly mqttUrl: string;
  readonly pid: number;
}

/**
 * The shared operator token: the given one, else the one kept at `<state dir>/gateway-token` (mode 0600), made at first need.
 * @throws STATE_UNWRITABLE
 */
export function gatewayToken(stateDir: string, given: string | undefined, random: Random): string {
  if (given !== undefined) return given;
  const file = path.join(stateDir, "gateway-token");
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const token = random.bytes(TOKEN_BYTES).toString("base64url");
  keep(file, `${token}\n`);
  return token;
}

export function writeNotice(stateDir: string, notice: HubNotice): void {
  keep(path.join(stateDir, "hub.json"), `${JSON.stringify(notice)}\n`);
}

export function removeNotice(stateDir: string): void {
  rmSync(path.join(stateDir, "hub.json"), { force: true });
}

function keep(file: string, text: string): void {
  try {
    writeDurably(file, text, 0o600);
  } catch (error) {
    throw new BarnacleError("STATE_UNWRITABLE", `${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
