import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { Channel } from "../../services.ts";
import { channelSummary } from "../views.ts";
import { type Method, type MethodContext, method, notHere } from "./method.ts";

const Short = Type.Optional(Type.String({ maxLength: 300 }));
const Key = Type.String({ minLength: 1, maxLength: 100 });
const Which = Type.Object({ channel: Type.String({ minLength: 1, maxLength: 100 }), accountId: Short });
const NO_LOGIN = "the channels of this hub have no account to log in to";

export const channelMethods: readonly Method[] = [
  method({
    name: "channels.status",
    access: "read",
    params: Type.Object({
      probe: Type.Optional(Type.Boolean()),
      timeoutMs: Type.Optional(Type.Number({ minimum: 0 })),
      channel: Short,
    }),
    run: ({ channel }, { hub }) =>
      statusOf(channel === undefined ? hub.channels.list() : [hub.channels.get(channel)], hub.clock.now()),
  }),
  method({
    name: "channels.start",
    access: "admin",
    support: { partial: "the rooms always run; starting them changes nothing" },
    params: Which,
    run({ channel, accountId }, { hub }) {
      const found = hub.channels.get(channel);
      return { channel: found.id, accountId: accountId ?? defaultAccount(found), started: true };
    },
  }),
  method({
    name: "channels.stop",
    access: "admin",
    support: { partial: "the rooms cannot be stopped; that is refused by name" },
    params: Which,
    run({ channel }, { hub }) {
      const { id } = hub.channels.get(channel);
      throw new BarnacleError("METHOD_NOT_HERE", `channel ${id} is part of the hub and cannot be stopped`);
    },
  }),
  method({
    name: "channels.logout",
    access: "admin",
    support: { partial: "no channel here has an account; that is refused by name" },
    params: Which,
    run({ channel }, { hub }) {
      const { id } = hub.channels.get(channel);
      throw new BarnacleError("METHOD_NOT_HERE", `channel ${id} does not support logout`);
    },
  }),
  method({
    name: "channels.pairing.list",
    access: "pairing",
    support: { partial: "always empty: nobody from outside can write to a room" },
    params: Type.Object({ channel: Short, accountId: Short }),
    run: () => ({
      ...{ accounts: [], requests: [], commandOwnerConfigured: false },
      limits: { pendingPerAccount: 0, ttlMs: 0 },
    }),
  }),
  notHere(
    "channels.pairing.approve",
    "pairing",
    "nobody from outside can write to a room, so nobody waits for approval",
  ),
  notHere(
    "channels.pairing.dismiss",
    "pairing",
    "nobody from outside can write to a room, so nobody waits for approval",
  ),
  method({
    name: "send",
    access: "write",
    support: { partial: "text to rooms; no pictures, files or threads" },
    params: Type.Object({
      to: Type.String({ minLength: 1, maxLength: 300 }),
      message: Type.Optional(Type.String({ maxLength: 10_000 })),
      mediaUrl: Short,
      mediaUrls: Type.Optional(Type.Array(Type.String())),
      buffer: Type.Optional(Type.String()),
      channel: Short,
      accountId: Short,
      idempotencyKey: Key,
    }),
    run: (params, context) => send(params, context),
  }),
  notHere("poll", "write", "a room cannot be polled: it has loudspeakers, no buttons"),
  notHere("message.action", "write", "what was said in a room cannot be edited, reacted to or taken back"),
  notHere("web.login.start", "admin", NO_LOGIN),
  notHere("web.login.wait", "admin", NO_LOGIN),
];

interface SendParams {
  readonly to: string;
  readonly message?: string;
  readonly mediaUrl?: string;
  readonly mediaUrls?: readonly string[];
  readonly buffer?: string;
  readonly channel?: string;
  readonly idempotencyKey: string;
}

async function send(params: SendParams, { hub, caller }: MethodContext) {
  const { to, message, mediaUrl, mediaUrls = [], buffer, channel, idempotencyKey } = params;
  if (!message?.trim()) throw new BarnacleError("INPUT_INVALID", "invalid send params: message (text) required");
  if (mediaUrl !== undefined || mediaUrls.length > 0 || buffer !== undefined) {
    throw new BarnacleError("INPUT_INVALID", "invalid send params: a room can be told text only, no media");
  }
  const sent = await hub.channels.send({
    ...{ to, text: message, idempotencyKey, principal: caller.principal },
    ...(channel === undefined || channel === "" ? {} : { channel }),
  });
  return { runId: idempotencyKey, messageId: sent.messageId, channel: sent.channel, chatId: sent.to };
}

function statusOf(channels: readonly Channel[], ts: number) {
  const by = <T>(value: (channel: Channel) => T) => Object.fromEntries(channels.map((one) => [one.id, value(one)]));
  return {
    ts,
    channelOrder: channels.map(({ id }) => id),
    channelLabels: by(({ label }) => label),
    channelDetailLabels: by(({ detailLabel }) => detailLabel),
    channelSystemImages: by(({ systemImage }) => systemImage),
    channelMeta: channels.map(({ id, label, detailLabel, systemImage }) => ({ id, label, detailLabel, systemImage })),
    channels: by(channelSummary),
    channelAccounts: by((channel) => channel.accounts()),
    channelDefaultAccountId: by(defaultAccount),
  };
}

function defaultAccount(channel: Channel): string {
  return channel.everybody ?? channel.accounts()[0]?.accountId ?? "default";
}
