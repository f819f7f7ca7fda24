import { Type } from "@sinclair/typebox";
import { HubConfig, lookup, shown, uiHints } from "../../config/index.ts";
import type { ConfigChange } from "../../services.ts";
import { type Method, type MethodContext, method } from "./method.ts";

const Raw = Type.String({ minLength: 1, maxLength: 5_000_000, description: "JSON5 text" });
const BaseHash = Type.Optional(Type.String({ minLength: 1, maxLength: 200 }));
const Note = Type.Optional(Type.String({ maxLength: 2000 }));
const Change = Type.Object({
  raw: Raw,
  baseHash: BaseHash,
  sessionKey: Type.Optional(Type.String({ maxLength: 512 })),
  note: Note,
  restartDelayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
  replacePaths: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 400 }), { maxItems: 200 })),
});
type Change = (typeof Change)["static"];

/** The configuration file over the wire: JSON5 there, YAML on disk. Source: gateway protocols 3 and 4, "config". */
export const configMethods: readonly Method[] = [
  method({ name: "config.get", access: "read", params: Type.Unknown(), run: (_params, context) => snapshot(context) }),
  method({
    name: "config.schema",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => ({
      schema: HubConfig,
      uiHints: uiHints(HubConfig),
      version: hub.version,
      generatedAt: new Date(hub.clock.now()).toISOString(),
    }),
  }),
  method({
    name: "config.schema.lookup",
    access: "read",
    params: Type.Object({ path: Type.String({ minLength: 1, maxLength: 1024 }) }),
    run: ({ path }) => lookup(HubConfig, path),
  }),
  method({
    name: "config.set",
    access: "admin",
    records: "config",
    recordAs: asRecorded,
    params: Type.Object({ raw: Raw, baseHash: BaseHash }),
    async run({ raw, baseHash }, context) {
      const { hub, caller } = context;
      const change = await hub.configFile.replace({ raw, baseHash, principal: caller.principal });
      return { ok: true, ...written(change, context) };
    },
  }),
  method({
    name: "config.apply",
    access: "admin",
    records: "config",
    recordAs: asRecorded,
    params: Change,
    async run(params, context) {
      const { raw, baseHash } = params;
      const principal = context.caller.principal;
      return restarted(
        "config.apply",
        await context.hub.configFile.replace({ raw, baseHash, principal }),
        params,
        context,
      );
    },
  }),
  method({
    name: "config.patch",
    access: "admin",
    records: "config",
    recordAs: asRecorded,
    params: Change,
    async run(params, context) {
      const { raw, baseHash, replacePaths } = params;
      const principal = context.caller.principal;
      const change = await context.hub.configFile.patch({ raw, baseHash, replacePaths, principal });
      return restarted("config.patch", change, params, context);
    },
  }),
];

/** The text itself may hold secrets; the trail gets its size and where it comes from. */
function asRecorded({ raw, baseHash }: { raw: string; baseHash?: string }) {
  return { characters: raw.length, ...(baseHash === undefined ? {} : { baseHash }) };
}

function snapshot({ hub }: MethodContext) {
  const { path, exists, hash, source, effective, valid, issues } = hub.configFile.read();
  const clean = (value: typeof source) => hub.configFile.redact(value);
  const parsed = clean(source);
  const config = clean(shown(effective));
  return {
    ...{ path, exists, raw: `${JSON.stringify(parsed, undefined, 2)}\n`, parsed },
    ...{ sourceConfig: parsed, resolved: config, runtimeConfig: clean(shown(hub.configFile.running())), config },
    ...{ valid, hash, configRevisionHash: hash, issues, warnings: [], legacyIssues: [] },
  };
}

function written({ path, hash, changed, needRestart }: ConfigChange, { hub }: MethodContext) {
  const { effective } = hub.configFile.read();
  return { path, config: hub.configFile.redact(shown(effective)), hash, changed, needRestart };
}

/** Restarts only for what needs it, and says what became of that. */
function restarted(kind: string, change: ConfigChange, params: Change, context: MethodContext) {
  const { hub } = context;
  const { note, sessionKey, restartDelayMs } = params;
  const plan =
    change.needRestart.length === 0
      ? undefined
      : hub.lifecycle.requestRestart({
          reason: kind,
          ...(restartDelayMs === undefined ? {} : { delayMs: restartDelayMs }),
        });
  return {
    ok: true,
    ...written(change, context),
    restart: {
      ok: plan?.ok ?? false,
      pid: process.pid,
      signal: "SIGUSR1",
      delayMs: plan?.delayMs ?? 0,
      reason: plan === undefined ? "everything that changed is in effect" : plan.ok ? plan.reason : CANNOT,
      mode: "emit",
      coalesced: plan?.coalesced ?? false,
    },
    sentinel: {
      path: null,
      payload: { kind, status: "ok", ts: hub.clock.now(), sessionKey: sessionKey ?? null, message: note ?? null },
    },
  };
}

export const CANNOT = "whoever started this hub cannot start it again; restart that to let the change take effect";
