import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { loadConfig } from "@barnacle/protocol/config";
import { silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { ANNA, testRegistry } from "../devices/testing.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { HubConfig, PLACEHOLDER, shown, YamlConfigFile } from "./index.ts";

const TEXT = `# The house of Anna
name: Home # as on the door
gateway:
  token: the-first-secret-token # rotate in May
`;

async function configFile(t: Parameters<typeof testRegistry>[0], text?: string) {
  const { audit, store } = await testRegistry(t);
  const file = path.join(temporaryDirectory(t), "barnacle.yaml");
  if (text !== undefined) writeFileSync(file, text);
  const running = loadConfig(HubConfig, text === undefined ? undefined : file);
  const unit = new YamlConfigFile({ file, running, audit, log: silentLog });
  const set = (content: object, baseHash: string | undefined = unit.read().hash) =>
    unit.replace({ raw: JSON.stringify(content), baseHash, principal: ANNA });
  const patch = (raw: string, replacePaths?: string[]) =>
    unit.patch({ raw, baseHash: unit.read().hash, replacePaths, principal: ANNA });
  return { unit, file, audit, store, set, patch, text: () => readFileSync(file, "utf8") };
}

const failure = (refused: Promise<unknown>) =>
  refused.then(
    () => undefined,
    (error: unknown) => error,
  );

t.test("what a client read and writes back unchanged changes nothing, secrets and comments included", async (t) => {
  const { unit, set, text } = await configFile(t, TEXT);
  const { source, effective } = unit.read();
  t.equal((unit.redact(source) as { gateway: { token: string } }).gateway.token, PLACEHOLDER);
  for (const seen of [source, effective, shown(effective)]) {
    t.same((await set(unit.redact(seen))).changed, []);
    t.equal(text(), TEXT);
  }
});

t.test("a change is whole, keeps the comments, and says what needs a restart", async (t) => {
  const { unit, patch, text, file, audit } = await configFile(t, TEXT);
  chmodSync(file, 0o640);
  const heard: unknown[] = [];
  unit.events.on("changed", (change) => heard.push(change));
  const before = unit.read().hash;
  const change = await patch(
    "{ui: {seamColor: '#7b2d26'}, gateway: {bind: 'lan'}, /* JSON5 */ wakeWords: ['computer'],}",
  );
  t.same(change.changed.toSorted(), ["gateway.bind", "ui.seamColor", "wakeWords"]);
  t.same(change.needRestart.toSorted(), ["gateway.bind", "wakeWords"]);
  t.match(text(), /# as on the door\n/);
  t.match(text(), /token: the-first-secret-token # rotate in May\n {2}bind: lan\n/);
  t.equal(statSync(file).mode & 0o777, 0o640, "the file keeps its mode");
  t.same(readdirSync(path.dirname(file)), ["barnacle.yaml"], "nothing is left beside it");
  t.match(heard, [{ hash: unit.read().hash }]);
  t.match(unit.running(), { ui: { seamColor: "#7b2d26" }, gateway: { bind: "loopback" } }, "only what counts at once");
  t.match((await audit.list({ limit: 1 }))[0], {
    kind: "config",
    principal: { id: "anna" },
    subject: file,
    data: { changed: change.changed, from: before, to: change.hash },
  });
});

t.test(
  "a placeholder keeps its secret, where it stands and when its list changes; one for nothing is refused",
  async (t) => {
    const { unit, set, patch } = await configFile(t, TEXT);
    await patch("{gateway: {port: 0}}");
    await set({ name: "New", gateway: { token: PLACEHOLDER } });
    t.match(unit.read().source, { name: "New", gateway: { token: "the-first-secret-token" } });
    await set({ gateway: { token: "the-second-secret-token" } });
    t.match(unit.read().source, { gateway: { token: "the-second-secret-token" } });
    t.match(await failure(set({ name: PLACEHOLDER, policy: { rules: [{ id: PLACEHOLDER, effect: "deny" }] } })), {
      message: "invalid config",
      details: { issues: [{ path: "policy.rules.0.id", message: /stands for no stored secret/ }] },
    });
  },
);

t.test("what is not valid is named and never written", async (t) => {
  const { set, patch, text } = await configFile(t, TEXT);
  t.match(await failure(set({ gateway: { port: "eighty" }, colour: "red" })), {
    code: "CONFIG_INVALID",
    message: "invalid config",
    details: {
      issues: [
        { path: "colour", message: /unexpected/ },
        { path: "gateway.port", message: /expected integer/ },
      ],
    },
  });
  const short = await failure(set({ gateway: { token: "hunter2" } }));
  t.match(short, { details: { issues: [{ path: "gateway.token" }] } });
  t.notMatch(JSON.stringify(short), /hunter2/, "a secret that was given is not repeated");
  await t.rejects(patch("{name: "), { code: "INPUT_INVALID", message: /not JSON5/ });
  await t.rejects(patch("[]"), { code: "INPUT_INVALID", message: /must be an object/ });
  await t.rejects(set({ session: { mainKey: "other", scope: "per-sender" } }), { code: "CONFIG_INVALID" });
  t.equal(text(), TEXT);
});

t.test("the base must be what is on disk; a hub without a file starts one", async (t) => {
  const { unit, set, file } = await configFile(t, TEXT);
  const principal = ANNA;
  await t.rejects(unit.replace({ raw: "{}", principal }), {
    code: "CONFLICT",
    message: "config base hash required; re-run config.get and retry",
  });
  const { hash } = unit.read();
  writeFileSync(file, "name: By hand\n");
  await t.rejects(set({}, hash), {
    code: "CONFLICT",
    message: "config changed since last load; re-run config.get and retry",
  });
  const two = await Promise.allSettled([set({ name: "A" }), set({ name: "B" })]);
  t.same(
    two.map(({ status }) => status),
    ["fulfilled", "rejected"],
    "the second was made from what is gone",
  );
  const fresh = await configFile(t);
  t.match(fresh.unit.read(), { exists: false, valid: true });
  await fresh.unit.replace({ raw: "{name: 'First'}", principal });
  t.equal(fresh.text(), "name: First\n");
  t.equal(statSync(fresh.file).mode & 0o777, 0o600);
});

t.test("without a record there is no change, and a file that cannot be written is named", async (t) => {
  const { set, store, text } = await configFile(t, TEXT);
  store.db.exec("DROP TABLE audit");
  await t.rejects(set({ name: "X" }), { code: "AUDIT_UNWRITABLE" });
  t.equal(text(), TEXT);
  const { audit } = await testRegistry(t);
  const file = path.join(temporaryDirectory(t), "not-a-folder");
  writeFileSync(file, "x");
  const below = new YamlConfigFile({
    file: path.join(file, "barnacle.yaml"),
    running: loadConfig(HubConfig, undefined),
    audit,
    log: silentLog,
  });
  await t.rejects(below.replace({ raw: "{name: 'X'}", principal: ANNA }), { message: /not-a-folder/ });
});

t.test("a file that somebody broke by hand is shown as it is, with what is wrong", async (t) => {
  const { unit, file } = await configFile(t, TEXT);
  writeFileSync(file, "name: [1\n");
  t.match(unit.read(), { valid: false, issues: [{ path: "", message: /not YAML/ }], effective: { name: "Home" } });
  writeFileSync(file, "gateway: {token: short}\n");
  const { issues } = unit.read();
  t.match(issues, [{ path: "gateway.token" }]);
  t.notMatch(JSON.stringify(issues), /"short"|got/);
});
