import { generateIdentity, privateKeyPem, signText } from "@barnacle/protocol/identity";
import { GatewayClient } from "@openclaw/gateway-client";
import t from "tap";
import { ANNA } from "../../devices/testing.ts";
import { v3Schemas, v4Schemas } from "../conformance.ts";
import { type ConnectOptions, open, operator, REMOTE, TOKEN, testGateway } from "../testing.ts";

const V4 = { minProtocol: 4, maxProtocol: 4 };

t.test("a hello is complete, and has no member that its reader's schema does not know", async (t) => {
  const hub = await testGateway(t, { stateDir: "/state" });
  const schemas = { 3: v3Schemas(), 4: v4Schemas() };
  const clients: [string, ConnectOptions][] = [
    ["a device", { identity: generateIdentity() }],
    ["a command line without one", { client: { id: "cli", mode: "cli" }, scopes: ["operator.read"] }],
    ["a node", { identity: generateIdentity(), role: "node", client: { id: "node-host", mode: "node" } }],
    ["a terminal UI", { identity: generateIdentity(), client: { id: "openclaw-tui", mode: "ui", buildId: "b1" } }],
  ];
  for (const protocol of [3, 4] as const) {
    for (const [name, options] of clients) {
      const { payload } = await open(t, hub).connect({
        ...options,
        params: { minProtocol: protocol, maxProtocol: protocol },
      });
      t.equal(schemas[protocol]("HelloOk", payload), undefined, `${name}, protocol ${protocol}`);
      t.match(payload, { protocol, snapshot: { sessionDefaults: { mainSessionKey: "agent:main:main" } } });
      if (protocol === 4) t.match(payload, { auth: { role: options.role ?? "operator" }, server: { bootId: String } });
    }
  }
});

t.test("scopes without a device: kept by this machine's own programs, none for others", async (t) => {
  const hub = await testGateway(t);
  const scopesOf = async (options: ConnectOptions, headers = {}) => {
    const { payload } = await open(t, hub, headers).connect({ ...options, params: V4 });
    return (payload as unknown as { auth: { scopes: string[] } }).auth.scopes;
  };
  const scopes = ["operator.read"];
  t.same(await scopesOf({ scopes, client: { id: "cli", mode: "cli" } }), scopes);
  t.same(await scopesOf({ scopes, client: { id: "gateway-client", mode: "backend" } }), scopes);
  t.same(await scopesOf({ client: { id: "cli", mode: "cli" } }), [], "never admin by leaving them out");
  t.same(await scopesOf({ scopes, client: { id: "cli", mode: "cli" } }, REMOTE), []);
  t.same(await scopesOf({ scopes, client: { id: "openclaw-probe", mode: "probe" } }), []);
  t.same(await scopesOf({ scopes, client: { id: "openclaw-tui", mode: "ui" } }), []);
});

t.test("with a device an empty list means what its pairing approved", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  const scopesOf = async (scopes: string[], headers: Record<string, string> = REMOTE) => {
    const { payload, error } = await open(t, hub, headers).connect({ identity, scopes, params: V4, signature: 3 });
    return (payload as unknown as { auth: { scopes: string[] } } | undefined)?.auth.scopes ?? error?.message;
  };
  t.match(await scopesOf(["operator.admin"]), /pairing required/);
  await hub.devices.approve(hub.devices.pending()[0]?.requestId ?? "", ANNA);
  t.same(await scopesOf([]), ["operator.admin"]);
  t.same(await scopesOf(["operator.read"]), ["operator.read"], "a part of it can be asked for");
  const stranger = generateIdentity();
  const { payload } = await open(t, hub).connect({ identity: stranger, scopes: [], params: V4 });
  t.match(payload, { auth: { role: "operator", scopes: [] } }, "approved by nobody, so nothing");
});

t.test("a client of protocol 4 that stops answering pings is cut off; one that answers stays", async (t) => {
  const hub = await testGateway(t);
  const [lively, dead, older] = [open(t, hub), open(t, hub), open(t, hub)];
  for (const client of [lively, dead]) t.ok((await client.connect({ params: V4 })).ok);
  t.ok((await older.connect()).ok);
  // The WebSocket library answers by itself; what it would send is held back.
  Object.assign(dead.ws, { pong: () => {} });
  const pinged = [lively, dead].map(({ ws }) => new Promise((resolve) => ws.once("ping", resolve)));
  await hub.clock.advance(30_000);
  await Promise.all(pinged);
  const settled = new Promise((resolve) => older.ws.once("pong", resolve));
  older.ws.ping();
  await settled;
  await hub.clock.advance(25_000);
  t.equal((await dead.closed).code, 1006);
  t.equal(lively.ws.readyState, lively.ws.OPEN);
  t.equal(older.ws.readyState, older.ws.OPEN, "protocol 3 knows no pings");
});

t.test("one connection too many is refused before it costs anything", async (t) => {
  const hub = await testGateway(t, { maxConnections: 1 });
  const first = open(t, hub);
  await first.nonce();
  t.equal((await open(t, hub).closed).code, 1006);
  t.equal(hub.counters.snapshot()["gateway.refused.full"], 1);
  await first.close();
});

t.test(
  "the published client pairs while a person approves, keeps its token and comes back with it alone",
  async (t) => {
    const hub = await testGateway(t);
    const admin = await operator(t, hub);
    const identity = generateIdentity();
    const kept = new Map<string, { token: string; scopes: string[] }>();
    const connect = (token: string | undefined) => {
      const events: string[] = [];
      const hello = Promise.withResolvers<Record<string, unknown>>();
      const failed = Promise.withResolvers<Error>();
      const client: GatewayClient = new GatewayClient({
        // This address is no name of this machine, so the client counts as a stranger.
        url: hub.url.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
        ...(token === undefined ? {} : { token }),
        clientName: "node-host",
        clientVersion: "1",
        mode: "node",
        role: "node",
        scopes: [],
        caps: ["system"],
        commands: ["system.which"],
        platform: "linux",
        deviceIdentity: {
          deviceId: identity.deviceId,
          privateKeyPem: privateKeyPem(identity),
          publicKeyPem: identity.publicKey,
        },
        hostDeps: {
          signDevicePayload: (_pem: string, payload: string) => signText(identity, payload),
          publicKeyRawBase64UrlFromPem: () => identity.publicKey,
          loadDeviceAuthToken: ({ role }: { role: string }) => kept.get(role) ?? null,
          storeDeviceAuthToken: ({ role, token, scopes }: { role: string; token: string; scopes: string[] }) => {
            kept.set(role, { token, scopes });
          },
          clearDeviceAuthToken: ({ role }: { role: string }) => kept.delete(role),
        },
        onHelloOk: (payload: unknown) => hello.resolve(payload as Record<string, unknown>),
        onConnectError: (error: Error) => failed.resolve(error),
        onReconnectPaused: () => events.push("paused"),
        onEvent: ({ event }: { event: string }) => events.push(event),
      } as unknown as ConstructorParameters<typeof GatewayClient>[0]);
      t.teardown(() => client.stop());
      client.start();
      return { client, events, hello: hello.promise, failed: failed.promise };
    };
    const first = connect(TOKEN);
    const asked = await admin.event("device.pair.requested");
    t.match(await first.failed, { details: { code: "PAIRING_REQUIRED", pauseReconnect: false } });
    const { requestId } = asked.payload as unknown as { requestId: string };
    await admin.call("device.pair.approve", { requestId });
    t.match(await first.hello, { protocol: 4, auth: { role: "node", scopes: [], deviceToken: /^[0-9a-f]{32}$/ } });
    t.notOk(first.events.includes("paused"), "it kept trying by itself");
    first.client.stop();
    const token = kept.get("node")?.token;
    t.ok(token);
    t.match(await connect(undefined).hello, { auth: { deviceToken: token } }, "by its own token alone");

    await hub.devices.revokeToken(identity.deviceId, "node", ANNA);
    t.match(await connect(undefined).failed, { details: { code: "AUTH_DEVICE_TOKEN_MISMATCH" } });
    t.notOk(kept.has("node"), "it forgets a token that is told to be none");
  },
);
