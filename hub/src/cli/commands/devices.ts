import type { Command } from "commander";
import type { DeviceRecord, PendingPairing } from "../../services.ts";
import { ago, duration, shortId } from "../format.ts";
import type { GatewayClient } from "../gateway/client.ts";
import type { Style } from "../output.ts";
import { example, type Family, type Session } from "../session.ts";
import { setupCodes } from "./device-codes.ts";
import { describeDevice } from "./device-view.ts";
import { nodeConfig } from "./node-config.ts";

export const devicesFamily: Family = (program, open) => {
  const devices = program.command("devices").description("what is paired with the hub, and what asks to be");

  example(devices.command("list").description("everything paired"), "barnacle devices list").action(
    async (_options: object, command: Command) => {
      const session = open(command);
      const list = await session.hub(listDevices);
      const now = Date.now();
      session.out.list(
        list,
        [
          { title: "NAME", value: (device) => device.displayName },
          { title: "ROOM", value: (device) => device.room },
          { title: "ROLE", value: (device) => device.roles.join(",") },
          { title: "STATE", value: stateOf, paint: (text, device, style) => stateColour(device, style)(text) },
          { title: "SEEN", value: (device) => (device.online ? "now" : ago(device.lastSeenMs, now)) },
          {
            title: "ID",
            value: (device) => shortId(device.deviceId),
            paint: (text, _device, style) => style.dim(text),
          },
        ],
        "Nothing is paired yet. Make a setup code with `barnacle devices code`.",
      );
    },
  );

  example(
    devices.command("show <device>").description("one device: what it can do, what it cannot and why, its health"),
    "barnacle devices show Kitchen",
  ).action(async (reference: string, _options: object, command: Command) => {
    const session = open(command);
    const device = await session.hub((client) => showDevice(client, reference));
    session.out.print(device, (style) => describeDevice(device, style, Date.now()));
  });

  example(devices.command("pending").description("devices that ask to be paired"), "barnacle devices pending").action(
    async (_options: object, command: Command) => {
      const session = open(command);
      const { pending } = await session.hub((client) => pairing(client));
      const now = Date.now();
      session.out.list(
        pending,
        [
          { title: "REQUEST", value: (request) => request.requestId },
          { title: "NAME", value: (request) => request.displayName },
          { title: "TYPE", value: (request) => request.deviceFamily ?? request.platform },
          { title: "ROOM", value: (request) => request.room },
          { title: "ASKS FOR", value: asksFor },
          { title: "CAN", value: canDo },
          { title: "FROM", value: (request) => request.remoteIp },
          {
            title: "EXPIRES IN",
            value: (request) => (request.expiresAtMs === undefined ? "never" : duration(request.expiresAtMs - now)),
          },
        ],
        "Nothing asks to be paired.",
      );
    },
  );

  decide(devices, open, "approve", "device.pair.approve", "let a device in");
  decide(devices, open, "reject", "device.pair.reject", "turn a device away");

  setupCodes(devices, open);
  nodeConfig(devices, open);

  example(
    devices.command("rename <device> <name>").description("give it another name"),
    'barnacle devices rename 3f9a62 "Garden shed"',
  ).action(async (reference: string, name: string, _options: object, command: Command) => {
    const session = open(command);
    const device = await change(session, reference, "barnacle.devices.rename", { displayName: name });
    session.out.print(device, () => `${shortId(device.deviceId)} is now called ${device.displayName}.`);
  });

  example(
    devices.command("room <device> [room]").description("put it into a room; without a room, take it out"),
    "barnacle devices room Kitchen kitchen",
  ).action(async (reference: string, room: string | undefined, _options: object, command: Command) => {
    const session = open(command);
    const device = await change(session, reference, "barnacle.devices.setRoom", room === undefined ? {} : { room });
    session.out.print(device, () =>
      device.room === undefined
        ? `${device.displayName} is in no room now.`
        : `${device.displayName} is in the room "${device.room}".`,
    );
  });

  simple(devices, open, "block", "cut it off, and keep it out", (name) => `${name} is blocked.`);
  simple(devices, open, "unblock", "let a blocked device in again", (name) => `${name} is no longer blocked.`);
  simple(devices, open, "remove", "forget it: it must pair again", (name) => `${name} is forgotten.`);
  token(
    devices,
    open,
    "rotate",
    "device.token.rotate",
    "a new token: of a node, once it has come to use it; of a gateway client, at once",
  );
  token(devices, open, "revoke", "device.token.revoke", "end its token: a node has to be let in anew");
};

export async function listDevices(client: GatewayClient): Promise<readonly DeviceRecord[]> {
  return (await client.call<{ devices: readonly DeviceRecord[] }>("barnacle.devices.list")).devices;
}

/** By id, unique id prefix or name; the hub resolves it. */
export async function showDevice(client: GatewayClient, device: string): Promise<DeviceRecord> {
  return (await client.call<{ device: DeviceRecord }>("barnacle.devices.show", { device })).device;
}

function pairing(client: GatewayClient): Promise<{ pending: readonly PendingPairing[] }> {
  return client.call("barnacle.devices.pending");
}

async function change(session: Session, reference: string, method: string, params: object): Promise<DeviceRecord> {
  return session.hub(async (client) => {
    const { device } = await client.call<{ device: DeviceRecord }>(method, { device: reference, ...params });
    return device;
  });
}

/** `node`, `operator, more scopes`, `commands of a node`. */
function asksFor({ kind, role, reason }: PendingPairing): string {
  if (kind === "surface") return "its commands";
  const more = {
    "not-paired": "",
    "role-upgrade": "",
    "scope-upgrade": ", more scopes",
    "metadata-upgrade": ", changed",
  };
  return `${role}${more[reason]}`;
}

/** `gpio, talk.speak and 3 more`: what it says it can do, or the commands that wait. */
function canDo({ kind, capabilities, commands }: PendingPairing): string | undefined {
  const names = kind === "surface" || capabilities.length === 0 ? commands : capabilities;
  const groups = [...new Set(names.map((name) => name.split(".")[0] ?? name))];
  const more = groups.length - MOST_NAMED;
  const shown = groups.slice(0, MOST_NAMED).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown || undefined;
}

const MOST_NAMED = 5;

type Open = (command: Command) => Session;

function simple(
  devices: Command,
  open: Open,
  verb: "block" | "unblock" | "remove",
  description: string,
  done: (name: string) => string,
): void {
  example(devices.command(`${verb} <device>`).description(description), `barnacle devices ${verb} Kitchen`).action(
    async (reference: string, _options: object, command: Command) => {
      const session = open(command);
      const device = await session.hub(async (client) => {
        const found = await showDevice(client, reference);
        await client.call(`barnacle.devices.${verb}`, { device: found.deviceId });
        return found;
      });
      session.out.print({ ok: true, deviceId: device.deviceId }, () => done(device.displayName));
    },
  );
}

function decide(devices: Command, open: Open, verb: string, method: string, description: string): void {
  example(
    devices.command(`${verb} <request>`).description(`${description}; <request> as \`devices pending\` shows it`),
    `barnacle devices ${verb} 5e1c0f3a-8a51-4c1e-a2cf-0c8f6f6f2d11`,
  ).action(async (requestId: string, _options: object, command: Command) => {
    const session = open(command);
    const answer = await session.hub((client) => client.call<object>(method, { requestId }));
    session.out.print(answer, () => `Request ${requestId}: ${verb === "approve" ? "approved" : "rejected"}.`);
  });
}

/** Without a role the node's own token for MQTT is meant if it is one of ours, else the operator's of a gateway client. */
function token(devices: Command, open: Open, verb: "rotate" | "revoke", method: string, description: string): void {
  example(
    devices
      .command(`${verb} <device>`)
      .description(description)
      .option("--role <role>", "of a gateway client: whose token (default operator)"),
    `barnacle devices ${verb} Kitchen`,
    `barnacle devices ${verb} 3f9a62 --role operator`,
  ).action(async (reference: string, options: { role?: string }, command: Command) => {
    const session = open(command);
    const answer = await session.hub(async (client): Promise<TokenAnswer> => {
      const { deviceId, roles, clientId } = await showDevice(client, reference);
      if (options.role === undefined && roles.includes("node") && clientId === undefined) {
        const method = `barnacle.devices.${verb}`;
        const { device } = await client.call<{ device: DeviceRecord }>(method, { device: deviceId });
        return { ok: true, deviceId, role: "node", displayName: device.displayName, linkToken: device.linkToken };
      }
      const role = options.role ?? "operator";
      return { role, ...(await client.call<{ deviceId: string; token?: string }>(method, { deviceId, role })) };
    });
    session.out.print(answer, () => describeToken(answer, verb));
  });
}

type TokenAnswer =
  | {
      readonly ok: true;
      readonly deviceId: string;
      readonly role: "node";
      readonly displayName: string;
      readonly linkToken: DeviceRecord["linkToken"];
    }
  | { readonly deviceId: string; readonly role: string; readonly token?: string };

function describeToken(answer: TokenAnswer, verb: "rotate" | "revoke"): string {
  if ("displayName" in answer) {
    if (verb === "revoke") return `The token of ${answer.displayName} has ended; it has to be let in anew.`;
    return `${answer.displayName} gets a new token as soon as it is there; until it uses that, the old one is good.`;
  }
  return answer.token === undefined
    ? `The ${answer.role} token of ${shortId(answer.deviceId)} is revoked.`
    : `New ${answer.role} token of ${shortId(answer.deviceId)}, shown once: ${answer.token}`;
}

function stateOf(device: DeviceRecord): string {
  if (device.blocked) return "blocked";
  return device.online ? "online" : "offline";
}

function stateColour(device: DeviceRecord, style: Style): (text: string) => string {
  if (device.blocked) return style.red;
  return device.online ? style.green : style.yellow;
}
