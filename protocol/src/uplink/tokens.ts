import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Type } from "@sinclair/typebox";
import { BarnacleError, messageOf } from "../errors/index.ts";
import { writeDurably } from "../identity/index.ts";
import { validator } from "../schema/index.ts";
import { gatewayKey, gatewayUrl } from "./address.ts";

const Stored = Type.Object({
  gateway: Type.String(),
  tokens: Type.Record(
    Type.String(),
    Type.Object({ token: Type.String({ minLength: 1 }), scopes: Type.Array(Type.String()), protocol: Type.Integer() }),
  ),
});
const stored = validator(Stored);

export interface DeviceTokenRecord {
  readonly token: string;
  readonly scopes: readonly string[];
  /** Of the gateway that gave it: 3 or 4. */
  readonly protocol: number;
}

/** What a gateway gave this device to come back with, by role; one private file per gateway. */
export class TokenFile {
  readonly #file: string;
  readonly #gateway: string;
  #tokens: Record<string, DeviceTokenRecord> | undefined;

  /** @param directory made when the first token is written */
  constructor(directory: string, url: string) {
    this.#gateway = gatewayUrl(url);
    this.#file = path.join(directory, `${gatewayKey(url)}.json`);
  }

  get(role: string): DeviceTokenRecord | undefined {
    return this.#load()[role];
  }

  /** On disk when it returns. @throws STATE_UNWRITABLE */
  set(role: string, record: DeviceTokenRecord): void {
    const old = this.get(role);
    if (old && JSON.stringify(old) === JSON.stringify(record)) return;
    this.#save({ ...this.#load(), [role]: record });
  }

  clear(role: string): void {
    const { [role]: gone, ...rest } = this.#load();
    if (gone) this.#save(rest);
  }

  #load(): Record<string, DeviceTokenRecord> {
    this.#tokens ??= this.#read();
    return this.#tokens;
  }

  /** A damaged file costs a new pairing, nothing else. */
  #read(): Record<string, DeviceTokenRecord> {
    if (!existsSync(this.#file)) return {};
    try {
      const content: unknown = JSON.parse(readFileSync(this.#file, "utf8"));
      return stored.check(content) && content.gateway === this.#gateway ? content.tokens : {};
    } catch {
      return {};
    }
  }

  #save(tokens: Record<string, DeviceTokenRecord>): void {
    const text = `${JSON.stringify({ gateway: this.#gateway, tokens }, undefined, 2)}\n`;
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      writeDurably(this.#file, text, 0o600);
    } catch (error) {
      throw new BarnacleError("STATE_UNWRITABLE", `${this.#file} cannot be written: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.#tokens = tokens;
  }
}
