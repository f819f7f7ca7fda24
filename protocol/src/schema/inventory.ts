import { type Static, Type } from "@sinclair/typebox";

const Text = Type.String({ minLength: 1, maxLength: 120 });
const Bytes = Type.Number({ minimum: 0 });

/** What a board consists of; read once a boot. What is not known is absent. No serial numbers, no addresses. */
export const Inventory = Type.Object({
  maker: Type.Optional(Text),
  model: Type.Optional(Text),
  processor: Type.Optional(Text),
  cores: Type.Optional(Type.Integer({ minimum: 1 })),
  memoryBytes: Type.Optional(Bytes),
  system: Type.Optional(Text),
  kernel: Type.Optional(Text),
  architecture: Type.Optional(Text),
  disks: Type.Optional(
    Type.Array(Type.Object({ name: Type.Optional(Text), kind: Type.Optional(Text), bytes: Type.Optional(Bytes) }), {
      maxItems: 32,
    }),
  ),
  networks: Type.Optional(
    Type.Array(Type.Object({ name: Type.Optional(Text), kind: Type.Optional(Text) }), { maxItems: 32 }),
  ),
  /** Names of sound devices. */
  sound: Type.Optional(Type.Array(Text, { maxItems: 32 })),
  /** Names of USB devices. */
  usb: Type.Optional(Type.Array(Text, { maxItems: 32 })),
});
export type Inventory = Static<typeof Inventory>;
