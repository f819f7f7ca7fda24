import { BarnacleError } from "@barnacle/protocol/errors";
import type { Availability } from "../availability.ts";
import { findModel, modelDirs, onnxAvailability } from "../onnx/index.ts";
import { VoiceEndpoint } from "./detector.ts";
import { EnergyScorer } from "./energy.ts";
import { FakeEndpoint } from "./fake.ts";
import type { EndpointDetector } from "./port.ts";
import type { EndpointTimes } from "./rule.ts";
import { SILERO_FILE, SileroScorer } from "./silero.ts";

export const ENDPOINT_ENGINES = ["silero", "energy", "fake"] as const;
export type EndpointEngine = (typeof ENDPOINT_ENGINES)[number];

export interface EndpointOptions extends EndpointTimes {
  readonly engine?: EndpointEngine;
  /** Searched before the models that are installed with Barnacle. */
  readonly modelDir?: string;
  /** Falls back to loudness when Silero does not load; true unless set. The detector's `name` tells which it became. */
  readonly fallback?: boolean;
}

/** @throws ENGINE_UNKNOWN */
export function createEndpoint(options: EndpointOptions = {}): EndpointDetector {
  const engine = options.engine ?? "silero";
  switch (engine) {
    case "silero": {
      const silero = new SileroScorer(options.modelDir);
      return new VoiceEndpoint(options.fallback === false ? [silero] : [silero, new EnergyScorer()], options);
    }
    case "energy":
      return new VoiceEndpoint([new EnergyScorer()], options);
    case "fake":
      return new FakeEndpoint();
    default:
      throw new BarnacleError("ENGINE_UNKNOWN", `endpoint engine "${engine}"; one of: ${ENDPOINT_ENGINES.join(", ")}`);
  }
}

export interface EndpointInfo {
  readonly engine: string;
  readonly availability: Availability;
  readonly models: readonly { name: string; file: string; present: boolean; licence: string; note?: string }[];
}

/** What `doctor` prints about end-of-speech detection. */
export function endpointInfos(modelDir?: string): EndpointInfo[] {
  const dirs = modelDirs(modelDir);
  const file = findModel(dirs, [SILERO_FILE]);
  const runtime = onnxAvailability();
  const missing: Availability = {
    available: false,
    code: "MODEL_MISSING",
    reason: `${SILERO_FILE} is in none of: ${dirs.join(", ")}`,
  };
  return [
    {
      engine: "silero",
      availability: runtime.available && file === undefined ? missing : runtime,
      models: [
        {
          name: "silero v4",
          file: file ?? `${dirs[0] ?? ""}/${SILERO_FILE}`,
          present: file !== undefined,
          licence: "MIT",
        },
      ],
    },
    { engine: "energy", availability: { available: true }, models: [] },
  ];
}
