import type { WakeOptions } from "@barnacle/hardware/wake";
import type { NodeConfiguration } from "../config/index.ts";

/** The wake section in the engines' own terms. */
export function wakeOptions(config: NodeConfiguration): WakeOptions {
  const { engine, threshold, modelDirectory, accessKey } = config.wake;
  return {
    ...(engine === "none" ? {} : { engine }),
    threshold,
    sensitivity: threshold,
    ...(modelDirectory === undefined ? {} : { modelDir: modelDirectory }),
    ...(accessKey === undefined ? {} : { accessKey }),
  };
}
