import {
  type DeviceIdentity,
  generateIdentity,
  mqttPassword,
  pairingProofText,
  signText,
} from "@barnacle/protocol/identity";
import type { PairAnswer, PairRequest } from "@barnacle/protocol/pairing";
import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { CapabilityManifest } from "@barnacle/protocol/schema";
import { AuditTrail } from "../audit/index.ts";
import type { Devices, Principal } from "../services.ts";
import { Store } from "../store/index.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { DeviceRegistry } from "./registry.ts";

/** An operator for tests. */
export const ANNA: Principal = { kind: "operator", id: "anna", scopes: ["operator.admin"] };

export const SITE = "home";

/** A registry on a store of its own that can be restarted. */
export interface TestRegistry {
  readonly clock: FakeClock;
  store: Store;
  audit: AuditTrail;
  devices: DeviceRegistry;
  /** Stops and starts everything on the same state directory. */
  restart(): Promise<void>;
}

export async function testRegistry(t: { teardown(fn: () => unknown): void }): Promise<TestRegistry> {
  const clock = new FakeClock();
  const stateDir = temporaryDirectory(t);
  const random = seededRandom(7);
  const build = async () => {
    const store = new Store({ stateDir, clock, log: silentLog });
    await store.start();
    const audit = new AuditTrail({ store, clock, log: silentLog });
    const mqttAddress = () => ({ port: 1883, tls: false });
    const devices = new DeviceRegistry({
      store,
      clock,
      random,
      log: silentLog,
      audit,
      site: SITE,
      hubName: "Test",
      mqttAddress,
    });
    await devices.start();
    return { store, audit, devices };
  };
  const stop = async () => {
    await test.devices.stop();
    await test.store.stop();
  };
  const test: TestRegistry = {
    clock,
    ...(await build()),
    async restart() {
      await stop();
      Object.assign(test, await build());
    },
  };
  t.teardown(stop);
  return test;
}

/** A node that wants to pair; by default it shows the commands of `manifestOf`. */
export async function pairNode(
  devices: Devices,
  identity: DeviceIdentity,
  options: { setupCode?: string; ip?: string; commands?: readonly string[]; name?: string } = {},
): Promise<PairAnswer> {
  const { nonce } = await devices.challenge(identity.deviceId);
  return devices.pair(pairRequest(identity, nonce, options), options.ip ?? "192.168.1.20");
}

export function pairRequest(
  identity: DeviceIdentity,
  nonce: string,
  options: { setupCode?: string; commands?: readonly string[]; name?: string } = {},
): PairRequest {
  const text = pairingProofText(SITE, identity.deviceId, nonce, options.setupCode);
  return {
    device: { id: identity.deviceId, publicKey: identity.publicKey, nonce, signature: signText(identity, text) },
    name: options.name ?? "Kitchen node",
    room: "kitchen",
    platform: "linux",
    agentVersion: "0.1.0",
    capabilities: ["gpio.write"],
    commands: [...(options.commands ?? ["gpio.write", "talk.speak"])],
    setupCode: options.setupCode,
  };
}

/** Pairs a new node with a setup code. */
export async function pairedNode(devices: Devices, name?: string): Promise<DeviceIdentity> {
  const identity = generateIdentity();
  const { code } = await devices.createSetupCode({ by: ANNA });
  await pairNode(devices, identity, { setupCode: code, name });
  return identity;
}

/** Admits a paired node and lets it announce itself. */
export async function connectNode(
  devices: Devices,
  identity: DeviceIdentity,
  incarnation: number,
  manifest: CapabilityManifest = manifestOf(),
): Promise<void> {
  await devices.admit(identity.deviceId, mqttPassword(identity, SITE, incarnation), "192.168.1.20");
  await devices.setState(identity.deviceId, { status: "online", incarnation, agentVersion: "0.1.0" }, "mqtt");
  await devices.setManifest(identity.deviceId, manifest);
}

export function manifestOf(patch: Partial<CapabilityManifest> = {}): CapabilityManifest {
  return {
    name: "Kitchen node",
    room: "kitchen",
    platform: "linux",
    agentVersion: "0.1.0",
    capabilities: [{ name: "gpio.write", available: true }],
    commands: [
      { name: "gpio.write", idempotent: true },
      { name: "talk.speak", idempotent: false },
    ],
    appliances: [],
    ...patch,
  };
}
