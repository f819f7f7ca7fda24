/** Who asks. `voice` is a person heard by a node; its id is the node's. */
export interface Principal {
  readonly kind: "operator" | "node" | "voice" | "system";
  readonly id: string;
  readonly name?: string;
  /** Gateway scopes of an operator. */
  readonly scopes?: readonly string[];
  readonly room?: string;
}
