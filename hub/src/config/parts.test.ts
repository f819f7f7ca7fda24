import { parseConfig } from "@barnacle/protocol/config";
import fc from "fast-check";
import t from "tap";
import { lookup, uiHints } from "./hints.ts";
import { mergePatch } from "./merge-patch.ts";
import { HubConfig } from "./schema.ts";
import { isSecretName, PLACEHOLDER, redact, restore, secretsIn } from "./secrets.ts";
import { shown, stored } from "./view.ts";

t.test("secrets are known by name and by form; where one is kept is no secret", async (t) => {
  for (const name of ["token", "apiKey", "botToken", "api_key", "Authorization", "clientSecret", "password"]) {
    t.ok(isSecretName(name), name);
  }
  for (const name of ["name", "tokenFile", "apiKeyEnv", "passwordPath", "keys", "port"])
    t.notOk(isSecretName(name), name);
  const value = {
    url: "https://anna:hunter2@nas.local/x",
    plain: "https://nas.local",
    maxTokens: 4096,
    tokens: ["one", { deep: "two" }],
    headers: { Authorization: "Bearer three", accept: "text/html" },
    token: "",
  };
  t.same(redact(value), {
    ...value,
    url: PLACEHOLDER,
    tokens: [PLACEHOLDER, { deep: PLACEHOLDER }],
    headers: { Authorization: PLACEHOLDER, accept: "text/html" },
  });
  t.same(secretsIn(value), [value.url, "one", "two", "Bearer three"]);
});

t.test("whatever was stored comes back from its redacted copy, and the copy holds no secret", async (t) => {
  const item = fc.record({ id: fc.uuid(), token: fc.string({ minLength: 8 }), size: fc.integer() });
  fc.assert(
    fc.property(fc.uniqueArray(item, { selector: ({ id }) => id, maxLength: 5 }), fc.nat(4), (list, gone) => {
      const kept = list.filter((_, i) => i !== gone).toReversed();
      const given = JSON.parse(JSON.stringify({ hooks: redact(kept) }));
      const back = restore(given, { hooks: list }, () => t.fail("a placeholder was lost"));
      return (
        JSON.stringify(back) === JSON.stringify({ hooks: kept }) && secretsIn(given).every((s) => s === PLACEHOLDER)
      );
    }),
  );
  t.pass("held for all");
});

t.test("a placeholder is not guessed: among unnamed items of a changed list it is lost", async (t) => {
  const lost: string[] = [];
  const stored = { list: [{ token: "a" }, { token: "b" }] };
  restore({ list: [{ token: PLACEHOLDER }] }, stored, (path) => lost.push(path));
  t.same(lost, ["list.0.token"]);
  t.same(
    restore({ list: [{ token: PLACEHOLDER }, { token: "c" }] }, stored, (path) => lost.push(path)),
    {
      list: [{ token: "a" }, { token: "c" }],
    },
  );
  t.equal(lost.length, 1);
});

t.test("a merge patch adds, replaces, takes away; at named paths it replaces the whole", async (t) => {
  const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: true };
  t.same(mergePatch(target, { a: { c: 3, d: { e: null, f: 1 } }, list: [3], gone: null }), {
    a: { b: 1, c: 3, d: { f: 1 } },
    list: [3],
  });
  t.same(mergePatch(target, { a: { c: 3 } }, new Set(["a"])), { ...target, a: { c: 3 } });
  t.same(target, { a: { b: 1, c: 2 }, list: [1, 2], gone: true }, "the target is as it was");
});

t.test("what is only shown is not stored, and what was changed of it is kept for the schema to refuse", async (t) => {
  const config = { gateway: { port: 1 }, site: "home" };
  const seen = shown(config);
  t.match(seen, { gateway: { port: 1, mode: "local" }, session: { mainKey: "main" }, site: "home" });
  t.same(stored(seen, HubConfig.properties), config);
  t.same(stored({ gateway: { mode: "remote" } }, HubConfig.properties), { gateway: { mode: "remote" } });
});

t.test("every key has a label, help comes from its description, secrets are marked", async (t) => {
  const hints = uiHints(HubConfig);
  t.match(hints["gateway.token"], { label: "Token", sensitive: true, help: /shared operator token/ });
  t.match(hints["policy.rules.*.names"], { label: "Names", help: /gpio/ });
  t.match(lookup(HubConfig, "gateway"), {
    path: "gateway",
    reloadKind: "restart",
    children: [{ key: "port", path: "gateway.port" }, { key: "bind" }, { key: "token", required: false }],
  });
  t.match(lookup(HubConfig, "policy.rules.0.effect"), {
    path: "policy.rules.0.effect",
    reloadKind: "hot",
    children: [],
  });
  t.throws(() => lookup(HubConfig, "gateway.nowhere"), {
    code: "NOT_FOUND",
    message: /path not found: gateway.nowhere/,
  });
});

t.test("variables of a program are secrets, whatever they are called", async (t) => {
  const program = { argv: ["assistant"], env: { PGPASS: "canary" } };
  t.same(redact({ agent: { command: program, apiKeyEnv: "X" } }, "***"), {
    agent: { command: { argv: ["assistant"], env: { PGPASS: "***" } }, apiKeyEnv: "X" },
  });
});

t.test("what cannot work is refused with its key and the reason, and a password in it is not repeated", async (t) => {
  const load = (text: string) => () => parseConfig(HubConfig, text, "hub.yaml");
  for (const path of ["agent", "wake"]) {
    t.throws(load(`hooks:\n  mappings:\n    - {path: ${path}, text: x}\n`), {
      code: "CONFIG_INVALID",
      message: /^hub\.yaml:3: hooks\.mappings\.0\.path: .*`agent` and `wake` are taken/,
    });
  }
  t.ok(load("hooks:\n  mappings:\n    - {path: agents/wake, text: x}\n")());
  for (const url of ["http://anna:canary@10.0.0.1/v1", "https://canary@h/v1", "http:///a:canary@h", "ftp://canary"]) {
    const refused = t.throws(load(`agent:\n  model: {baseUrl: "${url}", model: m}\n`), {
      code: "CONFIG_INVALID",
      message: /agent\.model\.baseUrl: .*without user and password.*apiKeyFile/,
    });
    t.notMatch(String(refused), /canary/);
  }
  for (const url of ["http://[::1]:11434/v1", "https://api.example/v1?as=a@b", "http://127.0.0.1:1/@me/v1"]) {
    t.ok(load(`agent:\n  model: {baseUrl: "${url}", model: m}\n`)());
  }
});
