import { parseConfig } from "@barnacle/protocol/config";
import { generateIdentity } from "@barnacle/protocol/identity";
import { silentLog } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { GatewayClient } from "../cli/gateway/client.ts";
import { HubConfig } from "../config/schema.ts";
import { startHub } from "../hub.ts";
import { temporaryDirectory } from "../store/testing.ts";

const TOKEN = "a-token-of-the-test-hub";

async function hubOf(t: Test, yaml: string, bind: "lan" | "loopback") {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, text: string) => warnings.push(text), child: () => log };
  const hub = await startHub({
    config: parseConfig(HubConfig, yaml, "test"),
    ...{ stateDir: temporaryDirectory(t), port: 0, mqttPort: 0, token: TOKEN, bind, log },
  });
  t.teardown(() => hub.stop());
  const client = (fingerprint?: string, scheme = "wss") => {
    const url = hub.gatewayUrl.replace("ws:", `${scheme}:`);
    const one = new GatewayClient({ url, token: TOKEN, fingerprint, identity: generateIdentity(), version: "1" });
    t.teardown(() => one.close());
    return one;
  };
  return { client, warnings };
}

t.test("a hub on the LAN speaks TLS beside plain text, and its own command line pins the certificate", async (t) => {
  const { client, warnings } = await hubOf(t, "discovery: {mdns: off}", "lan");
  t.match(warnings, [/unencrypted connections from the network/]);
  const plain = client(undefined, "ws");
  await plain.open();
  const { tlsFingerprint = "" } = await plain.call<{ tlsFingerprint?: string }>("gateway.identity.get");
  t.match(tlsFingerprint, /^[0-9a-f]{64}$/);
  const pinned = client(tlsFingerprint.toUpperCase().replace(/..(?!$)/g, "$&:"));
  await pinned.open();
  t.match(await pinned.call("health"), { ok: true });
  const { setupCode } = await pinned.call<{ setupCode: string }>("device.pair.setupCode", {
    publicUrl: "ws://hub.example",
  });
  t.notMatch(Buffer.from(setupCode, "base64url").toString(), /tlsFingerprint/, "another address, another certificate");

  await t.rejects(client("00".repeat(32)).open(), { code: "CERTIFICATE_MISMATCH", message: /than the pinned one/ });
  await t.rejects(client().open(), { code: "CERTIFICATE_MISMATCH", hint: /--fingerprint/ });
});

t.test("a hub of this machine alone makes no certificate and announces nothing", async (t) => {
  const { client, warnings } = await hubOf(t, "{}", "loopback");
  t.same(warnings, []);
  const plain = client(undefined, "ws");
  await plain.open();
  t.equal((await plain.call<{ tlsFingerprint?: string }>("gateway.identity.get")).tlsFingerprint, undefined);
  await t.rejects(client().open(), { code: "HUB_UNREACHABLE" });
});

t.test("encryption can be required or switched off", async (t) => {
  const required = await hubOf(t, "{gateway: {tls: required}, discovery: {mdns: off}}", "lan");
  t.same(required.warnings, []);
  const off = await hubOf(t, "{gateway: {tls: off}, discovery: {mdns: off}}", "lan");
  t.equal(off.warnings.length, 1);
  await t.rejects(off.client().open(), { code: "HUB_UNREACHABLE" });
});
