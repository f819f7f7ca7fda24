import path from "node:path";
import { toBarnacleError } from "@barnacle/protocol/errors";
import { loadOrCreateIdentity } from "@barnacle/protocol/identity";
import type { Clock, Log, Random } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult } from "@barnacle/protocol/schema";
import { isOffered, type MakeClient, offerOf, Uplink } from "@barnacle/protocol/uplink";
import type { UplinkConfig } from "../config/uplink.ts";
import type { Commands, DeviceRecord, Devices, Principal } from "../services.ts";

export interface JoinedNodeOptions {
  readonly config: UplinkConfig;
  /** For keys, tokens and states; one folder per node below it. */
  readonly directory: string;
  readonly hubVersion: string;
  readonly devices: Pick<Devices, "get">;
  readonly commands: Commands;
  readonly wakeWords: (words: readonly string[]) => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly make?: MakeClient;
}

/**
 * A node of this hub as a node of the gateway, with a key of its own there: so the gateway's people see rooms, approve room by
 * room, and an id stays an id. What it orders goes through the one door like every command here.
 */
export function joinedNode({ deviceId }: DeviceRecord, options: JoinedNodeOptions): Uplink {
  const { config, commands, devices, clock, random, log } = options;
  const directory = path.join(options.directory, deviceId.slice(0, 16));
  const rules = config;
  const by: Principal = gatewayPrincipal(config.url);
  const execute = async (request: CommandRequest): Promise<CommandResult> => {
    const { commandId, command, params, idempotencyKey, timeoutMs } = request;
    const startedAt = clock.now();
    const began = clock.monotonic();
    const about = { commandId, idempotencyKey, startedAt };
    try {
      if (!isOffered(rules, command)) {
        const error = { code: "POLICY_DENIED", message: `${command} is not offered to this gateway` };
        return { ...about, ok: false, error, duplicate: false, durationMs: 0 };
      }
      const { payload, duplicate, durationMs } = await commands.invoke({
        ...{ deviceId, command, params, idempotencyKey, timeoutMs },
        principal: by,
      });
      return { ...about, ok: true, payload, duplicate, durationMs };
    } catch (thrown) {
      const { code, message } = toBarnacleError(thrown);
      const durationMs = clock.monotonic() - began;
      return { ...about, ok: false, error: { code, message: message.slice(0, 2000) }, duplicate: false, durationMs };
    }
  };
  const speak = async (text: string): Promise<void> => {
    const call = { deviceId, command: "talk.speak", params: { text }, idempotencyKey: `uplink-${random.uuid()}` };
    await commands.invoke({ ...call, principal: { kind: "system", id: "uplink" } });
  };
  return new Uplink({
    ...{ url: config.url, directory, tlsFingerprint: config.tlsFingerprint, clock, log },
    identity: loadOrCreateIdentity(directory),
    secret: {
      ...(config.token === undefined ? {} : { token: config.token }),
      ...(config.password === undefined ? {} : { password: config.password }),
    },
    about: {
      displayName: devices.get(deviceId)?.displayName ?? deviceId.slice(0, 12),
      ...{ version: options.hubVersion, platform: "linux", deviceFamily: "Linux" },
    },
    offer: () => offerOf(usable(devices.get(deviceId)), rules),
    sessionKey: `barnacle-${deviceId.slice(0, 12)}`,
    ...{ askAs: config.ask, talk: config.talk, patienceMs: config.replyMs },
    execute,
    mouth: { say: speak, hush: () => {} },
    wakeWords: options.wakeWords,
    ...(options.make === undefined ? {} : { make: options.make }),
  });
}

/** In whose name the gateway's orders are judged: an operator who may write, which the policy can narrow by this id. */
export function gatewayPrincipal(url: string): Principal {
  const { host } = new URL(url);
  return { kind: "operator", id: `uplink:${host}`, name: `gateway ${host}`, scopes: ["operator.write"] };
}

function usable(device: DeviceRecord | undefined) {
  const waiting = new Set(device?.unapprovedCommands);
  const commands = device?.manifest?.commands.filter(({ name }) => !waiting.has(name)) ?? [];
  return { capabilities: device?.manifest?.capabilities ?? [], commands };
}
