import { access } from "node:fs/promises";
import { join } from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";

const LIBRARY_PLACES = ["/usr/lib/libvosk.so", "/usr/local/lib/libvosk.so", "/opt/vosk/libvosk.so"];
const MODEL_PLACES = ["/usr/share/vosk/model", "/opt/vosk/model"];

export interface VoskPaths {
  readonly library: string;
  readonly model: string;
}

/** Finds library and model folder; what `given` names is used as it is. @throws LIBRARY_MISSING, MODEL_MISSING */
export async function findVosk(given: { readonly library?: string; readonly model?: string } = {}): Promise<VoskPaths> {
  const libraries = given.library === undefined ? LIBRARY_PLACES : [given.library];
  const library = await firstPresent(libraries);
  if (library === undefined) {
    throw new BarnacleError("LIBRARY_MISSING", `libvosk.so was not found at ${libraries.join(", ")}`, {
      hint: "Unpack the release for this processor from github.com/alphacep/vosk-api and set the path of libvosk.so.",
      details: { candidates: libraries },
    });
  }
  const models = given.model === undefined ? MODEL_PLACES : [given.model];
  const model = await firstPresent(models);
  if (model === undefined) {
    throw new BarnacleError("MODEL_MISSING", `no Vosk model was found at ${models.join(", ")}`, {
      hint: "Unpack vosk-model-small-en-us-0.15 from alphacephei.com/vosk/models and set its folder.",
      details: { candidates: models },
    });
  }
  return { library, model };
}

/** A model's acoustic part, in either of the two layouts that are published. */
export async function hasAcousticModel(folder: string): Promise<boolean> {
  return (await firstPresent([join(folder, "am", "final.mdl"), join(folder, "final.mdl")])) !== undefined;
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
