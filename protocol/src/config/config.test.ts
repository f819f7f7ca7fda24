import { Type } from "@sinclair/typebox";
import t from "tap";
import { loadConfig, parseConfig } from "./index.ts";

const strict = { additionalProperties: false };
const Schema = Type.Object(
  {
    name: Type.String({ default: "barnacle" }),
    mqtt: Type.Object(
      { port: Type.Integer({ minimum: 0, maximum: 65535, default: 1883 }) },
      { ...strict, default: {} },
    ),
    lines: Type.Array(Type.Object({ line: Type.Integer() }, strict), { default: [] }),
  },
  strict,
);

t.test("defaults come from the schema", async (t) => {
  t.same(loadConfig(Schema, undefined), { name: "barnacle", mqtt: { port: 1883 }, lines: [] });
  t.same(parseConfig(Schema, "mqtt:\n  port: 0\n", "x").mqtt, { port: 0 });
});

t.test("every problem is named with file, line, key and what was expected", async (t) => {
  const text = "name: hub\nmqtt:\n  prt: 1\n  port: eighty\nlines:\n  - line: 1\n  - line: two\n";
  t.throws(() => parseConfig(Schema, text, "hub.yaml"), {
    code: "CONFIG_INVALID",
    message:
      'hub.yaml:3: mqtt.prt: unexpected property, got 1\nhub.yaml:4: mqtt.port: expected integer, got "eighty"\nhub.yaml:7: lines.1.line: expected integer, got "two"',
  });
});

t.test("text that is not YAML is named with its place", async (t) => {
  t.throws(() => parseConfig(Schema, "name: [1, 2\n", "hub.yaml"), {
    code: "CONFIG_INVALID",
    message: /hub\.yaml:\d+:\d+: not YAML/,
  });
  t.throws(() => parseConfig(Schema, "just words", "hub.yaml"), {
    code: "CONFIG_INVALID",
    message: /the file: expected object/,
  });
});

t.test("a file that is not there is named", async (t) => {
  t.throws(() => loadConfig(Schema, "/nonexistent/hub.yaml"), {
    code: "FILE_UNREADABLE",
    message: /nonexistent\/hub\.yaml/,
  });
});

t.test("the given object is not changed by filling in defaults", async (t) => {
  const dir = t.testdir({ "hub.yaml": "name: a\n" });
  t.equal(loadConfig(Schema, `${dir}/hub.yaml`).name, "a");
});
