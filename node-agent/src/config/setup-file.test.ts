import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { NODE_SETUP_FILE } from "@barnacle/protocol/pairing";
import t, { type Test } from "tap";
import { resolveConfig, spendSetupFile } from "./index.ts";

const SETUP = {
  ...{ hub: "https://10.0.0.2:18789", authority: "ab".repeat(32), setupCode: "ABCDEFGH", expiresAtMs: 5 },
  ...{ name: "Attic", room: "attic" },
};

function prepared(t: Test, content: string): string {
  const stateDir = t.testdir({});
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(path.join(stateDir, NODE_SETUP_FILE), content);
  return stateDir;
}

t.test("a node is what it was prepared as, unless it is told otherwise", async (t) => {
  const stateDir = prepared(t, JSON.stringify(SETUP));
  const config = resolveConfig({ stateDir }, {});
  t.match(config, { hub: SETUP.hub, name: "Attic", room: "attic", setup: SETUP });
  const told = resolveConfig({ stateDir, hub: "http://other:1", name: "Cellar" }, {});
  t.match(told, { hub: "http://other:1", name: "Cellar", room: "attic" });
});

t.test("the secret goes once it is used; where the hub is and what it is known by stay", async (t) => {
  const stateDir = prepared(t, JSON.stringify(SETUP));
  const { setup } = resolveConfig({ stateDir }, {});
  if (!setup) return t.fail("no setup file");
  spendSetupFile(setup);
  const { setupCode: _, expiresAtMs: __, ...rest } = SETUP;
  t.same(JSON.parse(readFileSync(setup.file, "utf8")), rest);
  t.equal(statSync(setup.file).mode & 0o777, 0o600);
  t.equal(resolveConfig({ stateDir }, {}).setup?.setupCode, undefined);
});

t.test("a file that is none, or is not there, is named", async (t) => {
  t.throws(() => resolveConfig({ stateDir: prepared(t, "{") }, {}), {
    code: "CONFIG_INVALID",
    message: /setup file .*node\.json/,
  });
  t.throws(() => resolveConfig({ stateDir: prepared(t, '{"authority": "abc"}') }, {}), {
    code: "CONFIG_INVALID",
    message: /authority/,
  });
  t.throws(() => resolveConfig({ stateDir: t.testdir({}), setup: "/nowhere/node.json" }, {}), {
    code: "FILE_UNREADABLE",
    message: /nowhere/,
  });
});
