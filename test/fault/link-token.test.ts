/** Token rotation, with the power going at every step of it: hub and node with their real stores, the wire in between is the test's. */
import { type DeviceIdentity, generateIdentity, mqttPassword } from "@barnacle/protocol/identity";
import fc from "fast-check";
import t, { type Test } from "tap";
import { ANNA, pairNode, SITE, type TestRegistry, testRegistry } from "../../hub/src/devices/testing.ts";
import { LinkToken } from "../../node-agent/src/link/index.ts";
import { openDatabase, Settings } from "../../node-agent/src/state/index.ts";

const IP = "192.168.1.20";
/** New token, old token, key alone. */
const MOST_TRIES = 3;

/** A node that can lose what it was told before it has written it down, and what it has not written down at any time. */
class Node {
  readonly identity: DeviceIdentity = generateIdentity();
  readonly settings: Settings;
  token: LinkToken;
  incarnation = 0;
  readonly told: string[] = [];

  constructor(t: Test) {
    const db = openDatabase(t.testdir({}));
    t.teardown(() => db.close());
    this.settings = new Settings(db);
    this.token = new LinkToken(this.settings);
  }

  killed(): void {
    this.token = new LinkToken(this.settings);
  }

  receive(token: string | undefined, lost: boolean): void {
    if (token === undefined) return;
    this.told.push(token);
    if (!lost) this.token.offered(token);
  }

  /** @param dies after the hub has taken the proof and before the node has noted it */
  async connect({ devices }: TestRegistry, dies = false): Promise<number> {
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const token = this.token.best;
      if (await this.admitted(devices, token)) {
        if (dies) this.killed();
        else this.token.taken(token);
        return tries;
      }
      this.token.refused(token);
    }
    return 0;
  }

  async admitted(devices: TestRegistry["devices"], token: string | undefined): Promise<boolean> {
    this.incarnation += 1;
    const password = mqttPassword(this.identity, SITE, this.incarnation, token);
    return devices.admit(this.identity.deviceId, password, IP).then(
      () => true,
      () => false,
    );
  }
}

type Step =
  | { readonly kind: "rotate" | "hub restarts" | "node restarts" }
  | { readonly kind: "deliver" | "ask"; readonly lost: boolean }
  | { readonly kind: "connect"; readonly dies: boolean };

/** What chance seldom comes upon: the new token that the node has is not the newest that the hub knows. */
const OVERTAKEN: Step[] = [
  { kind: "connect", dies: false },
  { kind: "rotate" },
  { kind: "deliver", lost: false },
  { kind: "deliver", lost: true },
  { kind: "connect", dies: false },
];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant({ kind: "rotate" as const }),
  fc.record({ kind: fc.constant("deliver" as const), lost: fc.boolean() }),
  fc.record({ kind: fc.constant("connect" as const), dies: fc.boolean() }),
  fc.record({ kind: fc.constant("ask" as const), lost: fc.boolean() }),
  fc.constant({ kind: "hub restarts" as const }),
  fc.constant({ kind: "node restarts" as const }),
);

t.test("R10.3 wherever the power goes, the node gets in; once the new token is used, no other is good", async (t) => {
  const hub = await testRegistry(t);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const node = new Node(t);
      const { deviceId } = node.identity;
      const ask = async (lost: boolean) => {
        const answer = await pairNode(hub.devices, node.identity);
        node.receive(answer.status === "paired" ? answer.token : undefined, lost);
      };
      const { code } = await hub.devices.createSetupCode({ by: ANNA });
      const first = await pairNode(hub.devices, node.identity, { setupCode: code });
      node.receive(first.status === "paired" ? first.token : undefined, false);
      for (const one of steps) {
        if (one.kind === "rotate") await hub.devices.rotateLink(deviceId, ANNA);
        else if (one.kind === "deliver") node.receive(hub.devices.linkTokenDue(deviceId), one.lost);
        else if (one.kind === "ask") await ask(one.lost);
        else if (one.kind === "hub restarts") await hub.restart();
        else if (one.kind === "node restarts") node.killed();
        else if (one.kind === "connect") t.ok((await node.connect(hub, one.dies)) > 0, "it always gets in");
      }
      await hub.devices.rotateLink(deviceId, ANNA);
      t.ok((await node.connect(hub)) > 0);
      node.receive(hub.devices.linkTokenDue(deviceId), false);
      t.equal(await node.connect(hub), 1, "the new token is taken at the first try");
      t.match(hub.devices.get(deviceId)?.linkToken, { state: "used", rotationWantedAtMs: undefined });
      const last = node.told.at(-1);
      for (const token of [undefined, ...node.told]) {
        t.equal(await node.admitted(hub.devices, token), token === last, "only the last one is good");
      }
    }),
    { numRuns: 30, examples: [[OVERTAKEN]] },
  );
});

/** A hub and its one node, paired by a setup code and connected. */
async function household(t: Test) {
  const hub = await testRegistry(t);
  const node = new Node(t);
  const { deviceId } = node.identity;
  const { code } = await hub.devices.createSetupCode({ by: ANNA });
  const first = await pairNode(hub.devices, node.identity, { setupCode: code });
  node.receive(first.status === "paired" ? first.token : undefined, false);
  await node.connect(hub);
  return { hub, node, deviceId };
}

t.test("R10.3 a revoked token keeps the node out, over a restart, until it is let in anew", async (t) => {
  const { hub, node, deviceId } = await household(t);
  const closed: string[] = [];
  hub.devices.events.on("revoked", ({ reason }) => closed.push(reason), t);
  await hub.devices.revokeLink(deviceId, ANNA);
  t.same(closed, ["token revoked"], "its connection is closed");
  t.equal(await node.connect(hub), 0);
  await hub.restart();
  t.equal(await node.connect(hub), 0);
  const asked = await pairNode(hub.devices, node.identity);
  t.equal(asked.status, "pending", "its key alone does not bring it back");
  await hub.devices.approve(hub.devices.pending()[0]?.requestId ?? "", ANNA);
  const again = await pairNode(hub.devices, node.identity);
  node.receive(again.status === "paired" ? again.token : undefined, false);
  t.equal(await node.connect(hub), 1);
});

t.test("the hub replaces an old token by itself; a gateway client has none of these", async (t) => {
  const { hub, node, deviceId } = await household(t);
  t.equal(hub.devices.linkTokenDue(deviceId), undefined);
  hub.clock.jumpTo(hub.clock.now() + 91 * 24 * 60 * 60_000);
  const token = hub.devices.linkTokenDue(deviceId);
  t.match(token, /.{40}/);
  node.receive(token, false);
  t.equal(await node.connect(hub), 1);
  t.equal(hub.devices.linkTokenDue(deviceId), undefined);
  const operator = generateIdentity();
  await hub.devices.pairGateway({ ...operator, role: "operator", scopes: [], clientId: "cli", silent: true });
  await t.rejects(hub.devices.rotateLink(operator.deviceId), { code: "CONFLICT" });
  await t.rejects(hub.devices.revokeLink("f".repeat(64)), { code: "DEVICE_UNKNOWN" });
});
