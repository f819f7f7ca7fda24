import { BarnacleError } from "@barnacle/protocol/errors";
import { type Command, Option } from "commander";
import type { RunningHub } from "../../hub.ts";
import { port } from "../gateway/parse.ts";
import { runHubs } from "../hub-runs.ts";
import { defaultStateDir } from "../places.ts";
import { example, type Family } from "../session.ts";

interface HubOptions {
  readonly config?: string;
  readonly port?: number;
  readonly mqttPort?: number;
  readonly mqttTlsPort?: number;
  readonly bind?: "loopback" | "lan";
}

export const hubFamily: Family = (program, open) => {
  example(
    program
      .command("hub")
      .description("run the hub")
      .option("--config <file>", "YAML configuration; `barnacle config schema` lists its keys")
      .option("--port <port>", "gateway and HTTP; 0 picks a free one (default 18789)", port)
      .option("--mqtt-port <port>", "MQTT; 0 picks a free one (default 1883)", port)
      .option(
        "--mqtt-tls-port <port>",
        "MQTT with TLS, with --bind lan; 0 picks a free one (default 8883; 0 with --mqtt-port 0)",
        port,
      )
      .addOption(new Option("--bind <where>", "who may connect").choices(["loopback", "lan"])),
    "barnacle hub --config /etc/barnacle/hub.yaml",
    "barnacle hub --port 0 --mqtt-port 0 --state-dir /tmp/try --json",
  ).action(async (options: HubOptions, command: Command) => {
    const session = open(command);
    const { io, out } = session;
    const token = session.options.token ?? io.env.BARNACLE_TOKEN;
    if (token !== undefined && token.length < 16)
      throw new BarnacleError("USAGE", `--token has ${token.length} characters; at least 16 are needed`);
    const stopped = new Promise<void>((resolve) => io.onStop(resolve));
    const ready = (hub: RunningHub) =>
      out.print(
        {
          ready: true,
          gateway: { url: hub.gatewayUrl, port: Number(new URL(hub.gatewayUrl).port) },
          mqtt: {
            url: hub.mqttUrl,
            port: Number(new URL(hub.mqttUrl).port),
            ...(hub.mqttTlsPort === undefined ? {} : { tlsPort: hub.mqttTlsPort }),
          },
          stateDir: hub.stateDir,
        },
        (style) => `${style.green("ready")}  gateway ${hub.gatewayUrl}  mqtt ${hub.mqttUrl}  state ${hub.stateDir}`,
      );
    await runHubs({
      ...{ io, stopped, ready, token },
      configFile: options.config,
      stateDir: session.options.stateDir ?? defaultStateDir(io),
      port: options.port,
      mqttPort: options.mqttPort,
      mqttTlsPort: options.mqttTlsPort,
      bind: options.bind,
    });
  });
};
