import { BarnacleError } from "@barnacle/protocol/errors";
import { NodeFileConfig, resolveConfig } from "../config/index.ts";
import { COMMON, noMoreArguments, parseFlags } from "./options.ts";

const JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema";

/** `config check` reads the configuration as `run` would; `config schema` prints its JSON schema. */
export function configCommand(args: readonly string[], write: (text: string) => void): number {
  const { values, positionals } = parseFlags(args, COMMON);
  const [what, ...rest] = positionals;
  noMoreArguments(rest);
  switch (what) {
    case "schema":
      write(`${JSON.stringify({ $schema: JSON_SCHEMA, ...NodeFileConfig }, null, 2)}\n`);
      return 0;
    case "check": {
      const { file, stateDir, name, room, hub } = resolveConfig(
        { config: values.config, stateDir: values["state-dir"] },
        process.env,
      );
      if (values.json) write(`${JSON.stringify({ ok: true, file: file ?? null, stateDir, name, room, hub })}\n`);
      else write(`${file ?? "no file; defaults"}: fine (node ${name}, hub ${hub})\n`);
      return 0;
    }
    default:
      throw new BarnacleError("USAGE", "config needs one of: check, schema");
  }
}
