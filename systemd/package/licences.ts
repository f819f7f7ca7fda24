import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { filesBelow } from "./tree.ts";

export interface Bundled {
  /** Where it lies below the package's folder. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** As its own manifest says, an SPDX expression. */
  readonly licence: string;
  readonly by: string;
  /** The text that came with it. */
  readonly text: string | undefined;
}

/** Every npm package below a node_modules folder of which anything is left. @throws NOT_FOUND naming one without a licence */
export function bundledIn(modules: string): Bundled[] {
  const manifests = filesBelow(modules).filter((file) => /(^|\/)(@[^/]+\/)?[^/@]+\/package\.json$/.test(file));
  const found: Bundled[] = [];
  for (const file of manifests) {
    const folder = path.dirname(file);
    // A package lies directly below a node_modules folder; other manifests only tell how a subfolder is loaded.
    if (!/^(@[^/]+\/)?[^/]+$/.test(folder.split("node_modules/").at(-1) as string)) continue;
    const manifest = JSON.parse(readFileSync(path.join(modules, file), "utf8"));
    if (manifest.name?.startsWith("@barnacle/")) continue;
    const licence = textOf(manifest.license) ?? textOf(manifest.licenses?.[0]);
    if (licence === undefined)
      throw new BarnacleError("NOT_FOUND", `${manifest.name}@${manifest.version} names no licence`);
    const by = typeof manifest.author === "string" ? manifest.author : manifest.author?.name;
    found.push({
      ...{ folder, name: manifest.name, version: manifest.version, licence },
      by: by || textOf(manifest.repository) || `the authors of ${manifest.name}`,
      text: licenceText(path.join(modules, folder)),
    });
  }
  return found;
}

/** Debian's machine-readable copyright file. Equal texts stand once. */
export function copyrightFile(options: {
  readonly own: string;
  readonly below: string;
  readonly node: { readonly version: string; readonly text: string } | undefined;
  readonly bundled: readonly Bundled[];
  readonly remarks?: readonly { readonly files: string; readonly licence: string; readonly text: string }[];
}): string {
  const { own, below, node, bundled, remarks = [] } = options;
  const stanzas = [
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: barnacle",
    `Files: *\nCopyright: the authors of Barnacle\nLicense: MIT\n${indented(own)}`,
  ];
  if (node !== undefined)
    stanzas.push(
      `Files: ${below}/bin/node\nCopyright: Node.js contributors, and those named in the text\nLicense: Node.js-${node.version}\n${indented(node.text)}`,
    );
  for (const { files, licence, text } of remarks)
    stanzas.push(`Files: ${files}\nCopyright: see the text\nLicense: ${licence}\n${indented(text)}`);
  const seen = new Map<string, string>();
  for (const { folder, name, version, licence, by, text } of bundled) {
    const before = text === undefined ? undefined : seen.get(text);
    const body =
      text === undefined
        ? `${name} ${version} came without a text of its own.`
        : (before && `The text is that of ${before}, above.`) || text;
    if (text !== undefined && before === undefined) seen.set(text, name);
    stanzas.push(
      `Files: ${below}/node_modules/${folder}/*\nCopyright: ${by}\nLicense: ${licence}\nComment: ${name} ${version}\n${indented(body)}`,
    );
  }
  return `${stanzas.join("\n\n")}\n`;
}

function licenceText(folder: string): string | undefined {
  const names = readdirSync(folder).filter((name) => /^(licen[sc]e|copying|notice)/i.test(name));
  const texts = names
    .sort()
    .map((name) => path.join(folder, name))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8").replaceAll("\r\n", "\n").trim());
  return texts.length === 0 ? undefined : texts.join("\n\n");
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  const { type, url } = (typeof value === "object" && value !== null ? value : {}) as { type?: unknown; url?: unknown };
  return [type, url].find((each): each is string => typeof each === "string" && each !== "" && each !== "git");
}

/** A continued field: every line begins with a blank, an empty one has a dot. */
function indented(text: string): string {
  return text
    .trim()
    .split("\n")
    .map((line) => (line.trim() === "" ? " ." : ` ${line.trimEnd()}`))
    .join("\n");
}
