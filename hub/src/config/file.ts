import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { contentOf, parseConfig, rewriteYaml } from "@barnacle/protocol/config";
import { BarnacleError, hasCode, messageOf } from "@barnacle/protocol/errors";
import { Events, type Log } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Audit, ConfigChange, ConfigFile, ConfigIssue, ConfigSnapshot, ConfigWrite } from "../services.ts";
import { takesEffect } from "./effect.ts";
import { mergePatch } from "./merge-patch.ts";
import { HubConfig } from "./schema.ts";
import { isSecretName, redact, restore } from "./secrets.ts";
import { stored } from "./view.ts";
import { writeWhole } from "./write.ts";

/** The wire's words. Source: gateway protocol 3, "config". */
const BASE_NEEDED = "config base hash required; re-run config.get and retry";
const BASE_STALE = "config changed since last load; re-run config.get and retry";

/** The file of a hub that was given none: it is there once somebody has written it. */
export function defaultConfigFile(stateDir: string): string {
  return path.join(stateDir, "barnacle.yaml");
}

export interface YamlConfigFileOptions {
  /** Where the file is, or would be. */
  readonly file: string;
  /** What the hub was started with. */
  readonly running: HubConfig;
  readonly audit: Audit;
  readonly log: Log;
}

/** The YAML file behind the protocol's JSON5. Writes are whole, one after another, and on record before they are made. */
export class YamlConfigFile implements ConfigFile {
  readonly events: ConfigFile["events"] = new Events();
  readonly #options: YamlConfigFileOptions;
  #running: JsonObject;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: YamlConfigFileOptions) {
    this.#options = options;
    this.#running = options.running as unknown as JsonObject;
  }

  get path(): string {
    return this.#options.file;
  }

  running(): JsonObject {
    return this.#running;
  }

  read(): ConfigSnapshot {
    const { file } = this.#options;
    const text = textOf(file);
    const source = sourceOf(text ?? "");
    const about = { path: file, exists: text !== undefined, hash: hashOf(text ?? ""), source };
    try {
      const effective = parseConfig(HubConfig, text ?? "", file) as unknown as JsonObject;
      return { ...about, effective, valid: true, issues: [] };
    } catch (error) {
      if (!hasCode(error, "CONFIG_INVALID")) throw error;
      return { ...about, effective: this.#running, valid: false, issues: issuesOf(error) };
    }
  }

  redact(value: JsonObject): JsonObject {
    return redact(value) as JsonObject;
  }

  replace(write: ConfigWrite): Promise<ConfigChange> {
    return this.#write(write, (given) => given);
  }

  patch(write: ConfigWrite & { readonly replacePaths?: readonly string[] | undefined }): Promise<ConfigChange> {
    return this.#write(write, (given, source) => mergePatch(source, given, new Set(write.replacePaths)) as JsonObject);
  }

  /** One at a time: between reading the base and replacing the file nothing else is written. */
  #write(write: ConfigWrite, merge: (given: JsonObject, source: JsonObject) => JsonObject): Promise<ConfigChange> {
    const mine = this.#last.then(async () => {
      const given = await objectOf(write.raw);
      return this.#change(write, given, merge);
    });
    this.#last = mine.catch(() => {
      // The caller hears of it; the next write does not depend on it.
    });
    return mine;
  }

  async #change(
    { baseHash, principal }: ConfigWrite,
    given: JsonObject,
    merge: (given: JsonObject, source: JsonObject) => JsonObject,
  ): Promise<ConfigChange> {
    const { audit, file, log } = this.#options;
    const before = this.read();
    if (before.exists && baseHash === undefined) throw new BarnacleError("CONFLICT", BASE_NEEDED);
    if (before.exists && baseHash !== before.hash) throw new BarnacleError("CONFLICT", BASE_STALE);
    const next = this.#restored(stored(given, HubConfig.properties), before, merge);
    const text = this.#checked(rewriteYaml(textOf(file) ?? "", next, before.effective));
    const effective = parseConfig(HubConfig, text, file) as unknown as JsonObject;
    const changed = differences(before.effective, effective);
    const hash = hashOf(text);
    if (text !== textOf(file)) {
      await audit.append({ kind: "config", principal, subject: file, data: { changed, from: before.hash, to: hash } });
      // The record took a while; somebody may have edited the file by hand meanwhile.
      if (hashOf(textOf(file) ?? "") !== before.hash) throw new BarnacleError("CONFLICT", BASE_STALE);
      writeWhole(file, text);
      log.info({ file, changed }, "configuration written");
    }
    const needRestart = changed.filter((path) => takesEffect(path) === "restart");
    const change = { path: file, hash, changed, needRestart };
    this.#running = takeOver(this.#running, effective);
    if (changed.length > 0) this.events.emit("changed", change);
    return change;
  }

  #restored(
    given: JsonObject,
    before: ConfigSnapshot,
    merge: (given: JsonObject, source: JsonObject) => JsonObject,
  ): JsonObject {
    const lost: string[] = [];
    const whole = restore(given, mergePatch(before.effective, before.source), (path) => lost.push(path)) as JsonObject;
    if (lost.length > 0) {
      throw invalid(lost.map((path) => ({ path, message: "the placeholder stands for no stored secret" })));
    }
    return merge(whole, before.source);
  }

  #checked(text: string): string {
    try {
      parseConfig(HubConfig, text, this.#options.file);
      return text;
    } catch (error) {
      throw hasCode(error, "CONFIG_INVALID") ? invalid(issuesOf(error)) : error;
    }
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new BarnacleError("FILE_UNREADABLE", `config file ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function sourceOf(text: string): JsonObject {
  const source = contentOf(text);
  return isObject(source) ? source : {};
}

async function objectOf(raw: string): Promise<JsonObject> {
  const { default: json5 } = await import("json5");
  let value: unknown;
  try {
    value = json5.parse(raw);
  } catch (error) {
    throw new BarnacleError("INPUT_INVALID", `invalid config: not JSON5: ${messageOf(error)}`, { cause: error });
  }
  if (isObject(value)) return value;
  throw new BarnacleError("INPUT_INVALID", "invalid config: raw must be an object");
}

function invalid(issues: readonly ConfigIssue[]): BarnacleError {
  return new BarnacleError("CONFIG_INVALID", "invalid config", { details: { issues } });
}

interface NamedProblem {
  readonly key: string;
  readonly expected: string;
}

function issuesOf(error: BarnacleError): ConfigIssue[] {
  const problems = error.details?.problems as NamedProblem[] | undefined;
  if (!problems) return [{ path: "", message: error.message }];
  return problems.map(({ key, expected }) => {
    const path = key === "the file" ? "" : key;
    // What was expected; never the text of a secret that was given.
    const secret = path.split(".").some(isSecretName);
    return { path, message: secret ? (expected.split(", got ")[0] as string) : expected };
  });
}

/** Dotted paths of the members that differ, as deep as both sides are objects. */
function differences(before: unknown, after: unknown, path = ""): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [path];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    differences(before[key], after[key], path === "" ? key : `${path}.${key}`),
  );
}

/** What runs now, with those members of `next` that count at once. */
function takeOver(running: JsonObject, next: JsonObject): JsonObject {
  const hot = Object.entries(next).filter(([key]) => takesEffect(key) === "hot");
  return { ...running, ...Object.fromEntries(hot) };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
