import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type * as Onnx from "onnxruntime-node";
import type { Availability } from "../availability.ts";

export type OnnxModule = typeof Onnx;
export type OnnxSession = Onnx.InferenceSession;
export type OnnxTensor = Onnx.Tensor;

/**
 * One thread, no spinning, no arena: a second thread triples the processor time of models this small, a spinning one
 * burns a core between frames, and the arena keeps more memory than these models ever use.
 */
const SESSION_OPTIONS: Onnx.InferenceSession.SessionOptions = {
  executionProviders: ["cpu"],
  executionMode: "sequential",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  enableCpuMemArena: false,
  enableMemPattern: false,
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
};

let loaded: OnnxModule | undefined;

/**
 * The process's single copy of the ONNX runtime, loaded on first use (45 MB of library; a node without it never pays).
 * @throws LIBRARY_MISSING when the package has no binary for this platform or the binary does not load
 */
export function onnx(): OnnxModule {
  loaded ??= requireRuntime();
  return loaded;
}

/** Whether the runtime loads here. Loads it. */
export function onnxAvailability(): Availability {
  try {
    onnx();
    return { available: true };
  } catch (error) {
    return { available: false, code: "LIBRARY_MISSING", reason: messageOf(error) };
  }
}

/**
 * Opens one model file.
 * @param bytes its content, where that is not what stands in the file; `file` then only names it
 * @throws MODEL_MISSING, MODEL_INVALID, LIBRARY_MISSING
 */
export async function openModel(file: string, bytes?: Uint8Array): Promise<OnnxSession> {
  const runtime = onnx();
  if (!existsSync(file))
    throw new BarnacleError("MODEL_MISSING", `model ${file} does not exist`, { details: { file } });
  try {
    return bytes
      ? await runtime.InferenceSession.create(bytes, SESSION_OPTIONS)
      : await runtime.InferenceSession.create(file, SESSION_OPTIONS);
  } catch (cause) {
    throw new BarnacleError("MODEL_INVALID", `model ${file}: ${messageOf(cause)}`, { details: { file }, cause });
  }
}

/** Runs a model that has one output worth reading, and returns that output's numbers. */
export async function runModel(
  session: OnnxSession,
  feeds: Readonly<Record<string, OnnxTensor>>,
  output: string,
): Promise<Float32Array> {
  const value = (await session.run(feeds))[output];
  if (!(value?.data instanceof Float32Array)) {
    throw new BarnacleError("MODEL_INVALID", `output ${output} is ${value?.type ?? "absent"}, expected float32`);
  }
  return value.data;
}

/**
 * Since 1.29 the runtime's official Linux builds report to Microsoft unless this is set before the library loads: they
 * keep a device id and a database below the home directory and hold an uploader in memory (2.5 MB and a thread). What a
 * home listens with is nobody else's business. The library reads it once per process.
 */
function silenceTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY = "1";
}

function requireRuntime(): OnnxModule {
  silenceTelemetry();
  try {
    return createRequire(import.meta.url)("onnxruntime-node") as OnnxModule;
  } catch (cause) {
    throw new BarnacleError(
      "LIBRARY_MISSING",
      `onnxruntime-node does not load on ${process.platform}-${process.arch}: ${messageOf(cause).split("\n")[0]}`,
      { hint: "Install it with `npm install`; on 32-bit boards choose another wake engine.", cause },
    );
  }
}
