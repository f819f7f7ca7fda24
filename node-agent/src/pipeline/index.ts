export { PHRASES } from "./answers.ts";
export { Ears, type EarsListener, type EarsParts } from "./ears.ts";
export { Pipeline, type PipelineParts, type PipelineState } from "./pipeline.ts";
