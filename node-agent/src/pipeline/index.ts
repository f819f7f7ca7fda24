export { type Answerer, PHRASES } from "./answers.ts";
export { Ears, type EarsListener, type EarsParts } from "./ears.ts";
export { Mute, type MuteParts } from "./mute.ts";
export { Pipeline, type PipelineParts, type PipelineState } from "./pipeline.ts";
export type { Turn } from "./turn.ts";
