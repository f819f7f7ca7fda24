import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { writeDurably } from "@barnacle/protocol/identity";
import { NODE_SETUP_FILE, NodeSetup } from "@barnacle/protocol/pairing";
import { validator } from "@barnacle/protocol/schema";

const shape = validator(NodeSetup);

/** What a node was prepared with, and where it stands. */
export interface SetupFile extends NodeSetup {
  readonly file: string;
}

/**
 * The prepared file: the one that was named, else `node.json` in the state directory if there is one.
 * @throws FILE_UNREADABLE, CONFIG_INVALID
 */
export function readSetupFile(stateDir: string, named: string | undefined): SetupFile | undefined {
  const usual = path.join(stateDir, NODE_SETUP_FILE);
  const file = named ?? (existsSync(usual) ? usual : undefined);
  if (file === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const code = error instanceof SyntaxError ? "CONFIG_INVALID" : "FILE_UNREADABLE";
    throw new BarnacleError(code, `setup file ${file}: ${messageOf(error)}`, { cause: error });
  }
  return { ...shape.parse(json, `setup file ${file}`, "CONFIG_INVALID"), file };
}

/** Takes the used secret out; where the hub is and what it is known by stays. @throws what the file system says */
export function spendSetupFile({ file, setupCode: _, expiresAtMs: __, ...rest }: SetupFile): void {
  writeDurably(file, `${JSON.stringify(rest, undefined, 2)}\n`, 0o600);
}
