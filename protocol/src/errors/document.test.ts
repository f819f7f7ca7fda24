import { readFileSync } from "node:fs";
import t from "tap";
import { MQTT_CONTRACT, type TopicSpec } from "../mqtt/index.ts";
import { DOCUMENT, errorDocument } from "./document.ts";

t.test("ERRORS.md is what the table of codes says", async (t) => {
  t.equal(readFileSync(DOCUMENT, "utf8"), errorDocument(), "write it again: node protocol/src/errors/document.ts");
});

t.test("the README's table of topics is the MQTT contract", async (t) => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const section = readme.slice(readme.indexOf("## MQTT topics"), readme.indexOf("Audio frames"));
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  const expected = Object.values(MQTT_CONTRACT).map((spec: TopicSpec) => {
    const direction = spec.direction.replaceAll("-", " ");
    return `| \`${spec.path}\` | ${direction} | ${spec.qos} | ${spec.retain ? "yes" : "no"} | ${spec.summary} |`;
  });
  t.same(rows, expected);
});
