import type { NodeSetup } from "@barnacle/protocol/pairing";
import { type Command, Option } from "commander";
import { duration } from "../format.ts";
import { count } from "../gateway/parse.ts";
import { example, type Session } from "../session.ts";

interface NodeCode {
  readonly code: string;
  readonly expiresAtMs: number;
  /** What the QR code says. */
  readonly link: string;
  /** As a file of a node that is being prepared. */
  readonly setup: NodeSetup;
}

interface ClientCode {
  readonly setupId: string;
  readonly setupCode: string;
  readonly gatewayUrl: string;
  readonly access: string;
  readonly expiresAtMs: number;
}

/** Whom a code is for, as the gateway calls it. */
const PROFILES = {
  phone: "full",
  "phone-limited": "limited",
  "node-host": "node",
  "voice-node": "voice-node",
} as const;

interface Options {
  readonly minutes: number;
  readonly room?: string;
  readonly for?: "barnacle-node" | keyof typeof PROFILES;
  readonly qr?: boolean;
  readonly publicUrl?: string;
}

/** `barnacle devices code`: a short code to type for our own nodes, a long one to scan for gateway clients. */
export function setupCodes(devices: Command, open: (command: Command) => Session): void {
  example(
    devices
      .command("code")
      .description("a setup code: a device that starts with it is paired at once")
      .option("--minutes <n>", "how long it is good for (a barnacle-node's only)", count, 10)
      .option("--room <room>", "the room of a barnacle-node that starts with it")
      .addOption(
        new Option("--for <kind>", "who will use it (default barnacle-node; with --qr: phone)").choices([
          "barnacle-node",
          ...Object.keys(PROFILES),
        ]),
      )
      .option("--qr", "show it as a QR code to scan")
      .option("--public-url <url>", "where that device finds this hub, ws://… or wss://…"),
    "barnacle devices code",
    "barnacle devices code --qr",
    "barnacle devices code --for voice-node",
  ).action(async (options: Options, command: Command) => {
    const session = open(command);
    const kind = options.for ?? (options.qr ? "phone" : "barnacle-node");
    if (kind === "barnacle-node") await nodeCode(session, options);
    else await clientCode(session, PROFILES[kind], options);
  });
}

async function nodeCode(session: Session, { minutes, room, qr }: Options): Promise<void> {
  const { port, ...made } = await session.hub(async (client) => ({
    ...(await client.call<NodeCode>("barnacle.devices.code", {
      ...{ ttlMs: minutes * 60_000 },
      ...(room === undefined ? {} : { room }),
    })),
    port: new URL(client.url).port,
  }));
  const { code, expiresAtMs, setup } = made;
  const picture = qr ? await qrText(made.link) : "";
  // A hub for the network is found there; one for this machine alone has to be named.
  const where = setup.authority === undefined ? `--hub http://127.0.0.1:${port} ` : "";
  session.out.print(
    made,
    (style) =>
      `${picture}${style.bold(code)}  ${style.dim(`good once, for ${duration(expiresAtMs - Date.now())}`)}\n` +
      `On the node: barnacle-node ${where}--setup-code ${code}` +
      (setup.hub === undefined || where !== "" ? "" : `\n${style.dim(`If it finds no hub there: --hub ${setup.hub}`)}`),
  );
}

async function clientCode(session: Session, bootstrapProfile: string, { qr, publicUrl }: Options): Promise<void> {
  const made = await session.hub((client) =>
    client.call<ClientCode>("device.pair.setupCode", {
      ...{ bootstrapProfile, includeQr: false },
      ...(publicUrl === undefined ? {} : { publicUrl }),
    }),
  );
  const picture = qr ? await qrText(made.setupCode) : "";
  session.out.print(
    made,
    (style) =>
      `${picture}${made.setupCode}\n` +
      style.dim(
        `good once, for ${duration(made.expiresAtMs - Date.now())}; access ${made.access}; at ${made.gatewayUrl}`,
      ),
  );
}

async function qrText(text: string): Promise<string> {
  const { renderUnicodeCompact } = await import("uqr");
  return `${renderUnicodeCompact(text, { ecc: "L", border: 2 })}\n`;
}
