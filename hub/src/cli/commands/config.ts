import { loadConfig } from "@barnacle/protocol/config";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { HubConfig } from "../../config/schema.ts";
import { isObject } from "../gateway/wire.ts";
import { example, type Family } from "../session.ts";

export const configFamily: Family = (program, open) => {
  const config = program.command("config").description("the hub's one configuration file");

  example(
    config.command("get [key]").description("what the running hub works with; secrets are masked"),
    "barnacle config get household.rooms",
  ).action(async (key: string | undefined, _options: object, command: Command) => {
    const session = open(command);
    const answer = await session.hub((client) => client.call<{ config: unknown }>("barnacle.config.get"));
    const value = key === undefined ? answer.config : pick(answer.config, key);
    session.out.print(value, () => JSON.stringify(value, undefined, 2));
  });

  example(
    config.command("schema").description("every key with its type, default and meaning, as JSON Schema"),
    "barnacle config schema",
  ).action((_options: object, command: Command) => {
    const session = open(command);
    session.out.print(HubConfig, () => JSON.stringify(HubConfig, undefined, 2));
  });

  example(
    config.command("check <file>").description("check a file; every problem is named with its line and key"),
    "barnacle config check barnacle.yaml",
  ).action((file: string, _options: object, command: Command) => {
    const session = open(command);
    loadConfig(HubConfig, file);
    session.out.print({ ok: true, file }, (style) => `${style.green("✓")} ${file} is valid.`);
  });
};

/** One member by its dotted path. @throws NOT_FOUND naming the step that does not exist */
function pick(config: unknown, key: string): unknown {
  let value = config;
  for (const step of key.split(".")) {
    const member = isObject(value) || Array.isArray(value) ? (value as Record<string, unknown>)[step] : undefined;
    if (member === undefined)
      throw new BarnacleError("NOT_FOUND", `the configuration has no key "${key}" ("${step}" does not exist)`, {
        hint: "`barnacle config schema` lists every key.",
      });
    value = member;
  }
  return value;
}
