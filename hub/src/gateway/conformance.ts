import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

type Fits = (name: string, value: unknown) => string | undefined;

/** Checks against published schemas: the problems as text, undefined when there are none. For tests. */
function checker(schemas: Record<string, object>): Fits {
  const ajv = new Ajv({ strict: false, allErrors: true });
  return (name, value) => {
    const schema = schemas[name];
    if (!schema) return `no schema is called ${name}`;
    const check = ajv.compile(schema);
    // What travels is JSON: a member that is undefined is none.
    return check(JSON.parse(JSON.stringify(value))) ? undefined : ajv.errorsText(check.errors);
  };
}

/** Moltbot's, protocol 3. */
export function v3Schemas(): Fits {
  const file = new URL("../../../test/fixtures/gateway/v3-schemas.json", import.meta.url);
  return checker(JSON.parse(readFileSync(file, "utf8")) as Record<string, object>);
}

/** OpenClaw's, protocol 4, from its published package. */
export function v4Schemas(): Fits {
  const file = new URL("../../../node_modules/@openclaw/gateway-protocol/protocol.schema.json", import.meta.url);
  const { definitions } = JSON.parse(readFileSync(file, "utf8")) as { definitions: Record<string, object> };
  return checker(definitions);
}
