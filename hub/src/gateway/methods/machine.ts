import os from "node:os";
import { Type } from "@sinclair/typebox";
import { type Method, method } from "./method.ts";

/** Which gateway this is, and on what machine it runs. */
export const machineMethods: readonly Method[] = [
  method({
    name: "gateway.identity.get",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => {
      const { deviceId, publicKey } = hub.identity;
      const { tlsFingerprint } = hub.endpoint();
      return { deviceId, publicKey, ...(tlsFingerprint === undefined ? {} : { tlsFingerprint }) };
    },
  }),
  method({
    name: "system.info",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub, uptimeMs }) => {
      const { port, lanAddress } = hub.endpoint();
      const cpus = os.cpus();
      return {
        ...{ machineName: hub.hubName, hostname: os.hostname(), platform: os.platform(), release: os.release() },
        ...{ arch: os.arch(), osLabel: `${os.type()} ${os.release()}`, port, nodeVersion: process.version },
        ...(lanAddress === undefined ? {} : { lanAddress }),
        ...{ pid: process.pid, uptimeMs: uptimeMs(), cpuCount: Math.max(1, cpus.length) },
        ...(cpus[0] ? { cpuModel: cpus[0].model } : {}),
        ...{ loadAverage: os.loadavg(), memoryTotalBytes: os.totalmem(), memoryFreeBytes: os.freemem() },
      };
    },
  }),
];
