import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { NodeSetup } from "@barnacle/protocol/pairing";
import { validator } from "@barnacle/protocol/schema";
import { type Command, Option } from "commander";
import type { FlashAnswers, PlannedFile, System, Wifi } from "../../flash/index.ts";
import { duration } from "../format.ts";
import { count } from "../gateway/parse.ts";
import { example, type Family, type Session } from "../session.ts";

const setupShape = validator(NodeSetup);
const LOOPBACK = /^https?:\/\/(127\.|localhost|\[::1\])/;

interface Options {
  readonly room?: string;
  readonly name?: string;
  readonly hostname?: string;
  readonly deb?: readonly string[];
  readonly wifi?: string;
  readonly wifiPasswordFile?: string;
  readonly country?: string;
  readonly hidden?: boolean;
  readonly user?: string;
  readonly sshKey?: string;
  readonly config?: string;
  readonly hub?: string;
  readonly setup?: string;
  readonly hours: number;
  readonly system?: System;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export const flashFamily: Family = (program, open) => {
  example(
    program
      .command("flash <folder>")
      .description("prepare the card of a new node: its mounted boot partition, or a new folder to be copied onto one")
      .option("--room <room>", "the node's room")
      .option("--name <name>", "what the node is called (default: the room)")
      .option("--hostname <host>", "default: made of the name")
      .option("--deb <file>", "barnacle-node's package, and others to install with it; may be repeated", collect)
      .option("--wifi <ssid>", "the network's name; its password comes from BARNACLE_WIFI_PASSWORD or a file")
      .option("--wifi-password-file <file>", "its first line is the password")
      .option("--country <code>", "where the node is, two letters; a Pi's radio stays off without")
      .option("--hidden", "the network does not show its name")
      .option("--user <name>", "an account to log in with over ssh, by key alone; default: none")
      .option("--ssh-key <file>", "its public key")
      .option("--config <file>", "the node's configuration (node.yaml)")
      .option("--hub <url>", "where the node finds this hub; default: what the hub says of itself")
      .option("--setup <file>", "the setup of `barnacle devices code --json` instead of asking the hub for one")
      .option("--hours <n>", "how long the setup code is good for, at most 24", count, 24)
      .addOption(
        new Option("--system <debian>", "Raspberry Pi OS on the card; default: looked up there").choices([
          "trixie",
          "bookworm",
        ]),
      )
      .option("--force", "also where this is no boot partition, or another program has set it up")
      .option("--dry-run", "only say what would be written"),
    "barnacle flash /media/me/bootfs --room kitchen --deb dist/barnacle-node_0.1.0_arm64.deb",
    "BARNACLE_WIFI_PASSWORD=… barnacle flash /media/me/bootfs --room shed --deb node.deb --wifi Home --country DE",
    "barnacle flash ./card --room shed --deb node.deb --dry-run",
  ).action(async (target: string, options: Options, command: Command) => {
    await flash(open(command), target, options);
  });
};

async function flash(session: Session, target: string, options: Options): Promise<void> {
  const parts = await import("../../flash/index.ts");
  const card = parts.cardAt(target, { system: options.system, force: options.force === true });
  const name = options.name ?? options.room ?? "Barnacle node";
  const hostName = options.hostname ? parts.checkHostName(options.hostname) : parts.hostNameOf(name);
  const packages = packagesOf(options);
  const user = options.user === undefined ? undefined : userOf(options, parts);
  const wifi = options.wifi === undefined ? undefined : wifiOf(session, options, parts.wifiOf);
  const config = options.config === undefined ? undefined : await configOf(options.config);
  const setup = { ...(await setupOf(session, options)), name };
  const answers: FlashAnswers = {
    ...{ hostName, wifi, user, setup, config, packages },
    instance: `barnacle-${randomUUID()}`,
  };
  const files = parts.planFiles(answers, card);
  if (!options.dryRun) parts.writeFiles(target, files);
  const { room, expiresAtMs } = setup;
  session.out.print(
    {
      ...{ target: path.resolve(target), system: card.system, bootPartition: card.isBootPartition, name, hostName },
      ...(room === undefined ? {} : { room }),
      ...(setup.hub === undefined ? {} : { hub: setup.hub }),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      written: !options.dryRun,
      files: files.map(({ path: file, content, secret }) => ({
        path: file,
        bytes: Buffer.byteLength(content),
        secret,
      })),
    },
    (style) => {
      const lines = files.map((file) => describeFile(file, style.dim));
      const until = expiresAtMs === undefined ? "" : `, within ${duration(expiresAtMs - Date.now())}`;
      const end = options.dryRun
        ? style.dim("nothing was written; a setup code is made when it is")
        : `${style.green("prepared")} ${hostName}: put the card in and switch on${until}`;
      return [...lines, end].join("\n");
    },
  );
}

function describeFile({ path: file, content, secret }: PlannedFile, dim: (text: string) => string): string {
  return `  ${file.padEnd(44)} ${String(Buffer.byteLength(content)).padStart(10)} bytes${secret ? dim("  secret") : ""}`;
}

/** @throws USAGE where barnacle-node is not among them, or one is not there */
function packagesOf({ deb = [] }: Options): readonly string[] {
  const hint = "Build it with `npm run deb`, or name the file: --deb dist/barnacle-node_0.1.0_arm64.deb";
  const absent = deb.find((file) => !existsSync(file));
  if (absent !== undefined) throw new BarnacleError("FILE_UNREADABLE", `--deb ${absent} does not exist`, { hint });
  if (!deb.some((file) => path.basename(file).startsWith("barnacle-node_")))
    throw new BarnacleError("USAGE", "the package of barnacle-node is missing", { hint });
  return deb;
}

function userOf(options: Options, parts: typeof import("../../flash/index.ts")): FlashAnswers["user"] {
  if (options.sshKey === undefined)
    throw new BarnacleError("USAGE", "--user is entered by key alone: --ssh-key FILE is missing");
  return {
    name: parts.checkUserName(options.user as string),
    keys: parts.sshKeysIn(read(options.sshKey), options.sshKey),
  };
}

function wifiOf(
  { io }: Session,
  { wifi: ssid, wifiPasswordFile, country, hidden = false }: Options,
  make: (given: { ssid: string; password: string; country: string; hidden: boolean }) => Wifi,
): Wifi {
  // Never an argument: every process of the machine can read those.
  const password =
    wifiPasswordFile === undefined ? io.env.BARNACLE_WIFI_PASSWORD : read(wifiPasswordFile).split(/\r?\n/)[0];
  if (password === undefined)
    throw new BarnacleError("USAGE", "the Wi-Fi password is missing: BARNACLE_WIFI_PASSWORD or --wifi-password-file");
  if (country === undefined)
    throw new BarnacleError("USAGE", "--country is missing: a Pi keeps its radio off until it knows where it is");
  return make({ ssid: ssid as string, password, country, hidden });
}

/** The text as it is, once the node would take it. @throws FILE_UNREADABLE, CONFIG_INVALID naming line and key */
async function configOf(file: string): Promise<string> {
  const [{ loadConfig }, { NodeFileConfig }] = await Promise.all([
    import("@barnacle/protocol/config"),
    import("@barnacle/protocol/node-config"),
  ]);
  loadConfig(NodeFileConfig, file);
  return read(file);
}

/** @throws USAGE where nodes of other machines could not reach this hub */
async function setupOf(session: Session, options: Options): Promise<NodeSetup> {
  const { room, hub, hours } = options;
  const own = { ...(room === undefined ? {} : { room }), ...(hub === undefined ? {} : { hub }) };
  if (options.setup !== undefined) {
    const given = JSON.parse(read(options.setup)) as { setup?: unknown };
    return { ...setupShape.parse(given.setup ?? given, options.setup, "CONFIG_INVALID"), ...own };
  }
  if (options.dryRun) return own;
  const { setup } = await session.hub((client) =>
    client.call<{ setup: NodeSetup }>("barnacle.devices.code", {
      ...{ ttlMs: hours * 3_600_000 },
      ...(room === undefined ? {} : { room }),
    }),
  );
  const made = { ...setup, ...own };
  if (hub === undefined && made.authority === undefined && (made.hub === undefined || LOOPBACK.test(made.hub)))
    throw new BarnacleError("USAGE", "this hub serves its own machine only; a node elsewhere would not find it", {
      hint: "Set gateway.bind: lan in the hub's configuration, or name an address with --hub.",
    });
  return made;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new BarnacleError("FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
