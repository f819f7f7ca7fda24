import { BarnacleError } from "@barnacle/protocol/errors";

/**
 * Given to Fastify in place of its own compilers, which it would load whether a route has a schema or not: bodies are
 * checked by our validators, answers are plain JSON, and Ajv with what it brings would cost the hub 2 MB at rest.
 */
export const NO_SCHEMA_COMPILERS = { buildValidator: refuse, buildSerializer: refuse };

function refuse(): never {
  throw new BarnacleError(
    "INTERNAL",
    "a route declares a Fastify schema; use a validator of @barnacle/protocol/schema",
  );
}
