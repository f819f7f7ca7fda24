import { access } from "node:fs/promises";
import { join } from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";

export interface PocketsphinxPaths {
  readonly library: string;
  /** Directory of the acoustic model. */
  readonly model: string;
  readonly dictionary: string;
}

/** Where Debian's multiarch puts libraries, by Node's name of the processor. */
const TRIPLETS: Readonly<Record<string, string>> = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  arm: "arm-linux-gnueabihf",
};

const LIBRARY = "libpocketsphinx.so.3";
const MODEL_ROOT = "/usr/share/pocketsphinx/model/en-us";

/** Places of libpocketsphinx, likeliest first. */
export function libraryCandidates(arch: string = process.arch): string[] {
  const triplet = TRIPLETS[arch];
  const folders = [...(triplet ? [`/usr/lib/${triplet}`, `/lib/${triplet}`] : []), "/usr/lib", "/usr/local/lib"];
  return folders.map((folder) => join(folder, LIBRARY));
}

/**
 * Finds library, acoustic model and dictionary. What `given` names is used as it is.
 *
 * @param given `library`: path of libpocketsphinx.so.3; `model`: a folder with `en-us/` and `cmudict-en-us.dict`
 * @throws LIBRARY_MISSING, MODEL_MISSING naming the Debian package
 */
export async function findPocketsphinx(
  given: { readonly library?: string; readonly model?: string } = {},
): Promise<PocketsphinxPaths> {
  const candidates = given.library === undefined ? libraryCandidates() : [given.library];
  const library = await firstPresent(candidates);
  if (library === undefined) {
    throw new BarnacleError("LIBRARY_MISSING", `${LIBRARY} was not found at ${candidates.join(", ")}`, {
      hint: "Install the Debian package libpocketsphinx3.",
      details: { package: "libpocketsphinx3", candidates },
    });
  }
  const root = given.model ?? MODEL_ROOT;
  const model = join(root, "en-us");
  const dictionary = join(root, "cmudict-en-us.dict");
  for (const file of [join(model, "mdef"), dictionary]) {
    if ((await firstPresent([file])) === undefined) {
      throw new BarnacleError("MODEL_MISSING", `the pocketsphinx model file ${file} was not found`, {
        hint: "Install the Debian package pocketsphinx-en-us.",
        details: { package: "pocketsphinx-en-us", file },
      });
    }
  }
  return { library, model, dictionary };
}

async function firstPresent(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    try {
      await access(file);
      return file;
    } catch {
      // Absent or unreadable comes to the same: the next candidate.
    }
  }
  return undefined;
}
