import { readFileSync } from "node:fs";
import path from "node:path";
import type { NodeSetup } from "@barnacle/protocol/pairing";
import { stringify } from "yaml";
import type { Card } from "./card.ts";
import { firstRunScript, INSTALL_SCRIPT, networkConfig, userData, withFirstRun } from "./scripts.ts";
import type { Wifi } from "./wifi.ts";

/** Everything that one node's card says. */
export interface FlashAnswers {
  readonly hostName: string;
  readonly wifi?: Wifi | undefined;
  readonly user?: { readonly name: string; readonly keys: readonly string[] } | undefined;
  readonly setup: NodeSetup;
  /** Text of the node's configuration file. */
  readonly config?: string | undefined;
  /** Paths of the packages that are installed. */
  readonly packages: readonly string[];
  /** Differs from card to card, so that cloud-init takes the card for a new machine. */
  readonly instance: string;
}

export interface PlannedFile {
  /** On the card. */
  readonly path: string;
  readonly content: string | Buffer;
  /** Wi-Fi key or setup code: readable by the owner alone where the file system can say so. */
  readonly secret: boolean;
}

const MARK = "# Written by barnacle flash";

/** The files of a card, in the order in which they are written: what makes the system act on them comes last. */
export function planFiles(answers: FlashAnswers, card: Card): PlannedFile[] {
  const { setup, config, packages, instance } = answers;
  const files: PlannedFile[] = packages.map((file) => ({
    path: `barnacle/${path.basename(file)}`,
    content: readFileSync(file),
    secret: false,
  }));
  files.push({ path: "barnacle/install.sh", content: INSTALL_SCRIPT, secret: false });
  if (config !== undefined) files.push({ path: "barnacle/node.yaml", content: config, secret: true });
  files.push({ path: "barnacle/node.json", content: `${JSON.stringify(setup, undefined, 2)}\n`, secret: true });
  if (card.system === "trixie") {
    const network = networkConfig(answers);
    if (network)
      files.push({ path: "network-config", content: `${MARK}\n${stringify(network, YAML_OPTIONS)}`, secret: true });
    const meta = { "instance-id": instance, dsmode: "local" };
    files.push({ path: "meta-data", content: `${MARK}\n${stringify(meta)}`, secret: false });
    const user = `#cloud-config\n${MARK}\n${stringify(userData(answers), YAML_OPTIONS)}`;
    files.push({ path: "user-data", content: user, secret: false });
    return files;
  }
  files.push({ path: "firstrun.sh", content: firstRunScript(answers), secret: true });
  if (card.cmdline !== undefined)
    files.push({ path: "cmdline.txt", content: withFirstRun(card.cmdline), secret: false });
  return files;
}

/** Every text in quotes: cloud-init reads YAML 1.1, where NO is a truth value and 0123 a number. */
const YAML_OPTIONS = { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 } as const;
