import { connect } from "../cli/gateway/connect.ts";
import type { EndpointOptions } from "../cli/gateway/endpoint.ts";
import type { Io } from "../cli/io.ts";
import { defaultStateDir } from "../cli/places.ts";
import type { Diagnosis } from "./check.ts";
import { checkHub } from "./hub-checks.ts";
import { checkNode } from "./node-checks.ts";

/** Everything that can be wrong on this machine, for the hub and for a node. */
export async function diagnose(io: Io, options: EndpointOptions): Promise<Diagnosis> {
  const findHub = async (): Promise<string> => {
    const client = await connect(options, io);
    await client.close();
    return client.url;
  };
  const [hub, node] = await Promise.all([
    checkHub({
      stateDir: options.stateDir ?? defaultStateDir(io),
      nodeVersion: process.versions.node,
      ports: { gateway: 18_789, mqtt: 1883 },
      findHub,
      io,
    }),
    checkNode(io),
  ]);
  const checks = [...hub, ...node.checks];
  return { ok: checks.every((check) => check.state !== "bad"), checks, models: node.models };
}
