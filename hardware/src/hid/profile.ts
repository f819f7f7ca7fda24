import { readdirSync } from "node:fs";
import path from "node:path";
import { loadConfig } from "@barnacle/protocol/config";
import { BarnacleError } from "@barnacle/protocol/errors";
import { literals } from "@barnacle/protocol/schema";
import { type Static, type TOptional, type TSchema, Type } from "@sinclair/typebox";
import { HID_CONTROLS, HID_LIGHTS } from "./port.ts";

const Byte = Type.Integer({ minimum: 0, maximum: 255 });
const Id16 = Type.Integer({ minimum: 0, maximum: 0xffff });
const Usage = Type.Integer({
  minimum: 0x10000,
  maximum: 0xffffffff,
  description: "page in the upper, usage in the lower half: 0x000b002f is Phone Mute of the telephony page",
});

const Control = Type.Object(
  {
    kind: Type.Unsafe<"button" | "switch">({
      ...literals(["button", "switch"]),
      default: "button",
      description: "button: counts when it goes down; switch: its position counts",
    }),
    usage: Type.Optional(Usage),
    report: Type.Optional({ ...Byte, description: "id of the report, where the device numbers them" }),
    byte: Type.Optional(Type.Integer({ minimum: 0, maximum: 4095, description: "behind the report id" })),
    mask: Type.Optional({ ...Byte, description: "on when any of these bits is set; default 255" }),
  },
  { additionalProperties: false },
);

/** A byte, a colour of the state, or something repeated, once for each light of a ring. */
const Piece = Type.Union([
  Byte,
  Type.Unsafe<"red" | "green" | "blue">(literals(["red", "green", "blue"])),
  Type.Object(
    {
      repeat: Type.Integer({ minimum: 1, maximum: 512 }),
      of: Type.Array(Type.Union([Byte, Type.Unsafe<"red" | "green" | "blue">(literals(["red", "green", "blue"]))]), {
        minItems: 1,
        maxItems: 16,
      }),
    },
    { additionalProperties: false },
  ),
]);

/** Each key may be absent. */
function each<K extends string, T extends TSchema>(keys: readonly K[], schema: T) {
  const members: unknown = Object.fromEntries(keys.map((key) => [key, Type.Optional(schema)]));
  return Type.Object(members as { [key in K]: TOptional<T> }, { additionalProperties: false });
}
const perState = <T extends TSchema>(schema: T) => Type.Optional(each(HID_LIGHTS, schema));

const Lights = Type.Object(
  {
    via: Type.Unsafe<"output" | "feature">({ ...literals(["output", "feature"]), default: "output" }),
    report: Type.Integer({ minimum: 0, maximum: 255, default: 0, description: "report id, 0: not numbered" }),
    bytes: Type.Optional(Type.Array(Piece, { minItems: 1, maxItems: 64, description: "the same for every state" })),
    colours: perState(Type.String({ pattern: "^#[0-9a-f]{6}$" })),
    states: perState(Type.Array(Byte, { maxItems: 512 })),
    usages: perState(Type.Array(Usage, { maxItems: 8, description: "lights that are on" })),
  },
  { additionalProperties: false, description: "one of bytes, states and usages says how a state is shown" },
);
export type HidLights = Static<typeof Lights>;

/** How one kind of device is recognised, read and lit. */
export const HidProfile = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 80 }),
    source: Type.String({ minLength: 1, description: "where these facts come from" }),
    match: Type.Array(
      Type.Object(
        { vendor: Type.Optional(Id16), product: Type.Optional(Id16), usage: Type.Optional(Usage) },
        { additionalProperties: false, minProperties: 1, description: "all that is given must be so" },
      ),
      { minItems: 1, maxItems: 50 },
    ),
    controls: { ...each(HID_CONTROLS, Control), default: {} },
    lights: Type.Optional(Lights),
  },
  { additionalProperties: false },
);
export type HidProfile = Static<typeof HidProfile>;

const BUNDLED = path.join(import.meta.dirname, "profiles");

/** Names of the profiles that come with Barnacle. */
export function hidProfileNames(): string[] {
  return readdirSync(BUNDLED)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length))
    .sort();
}

/**
 * A bundled profile by its name, or one from a YAML file.
 * @throws CONFIG_INVALID naming file, line, key and what was expected; FILE_UNREADABLE
 */
export function loadHidProfile(nameOrFile: string): HidProfile {
  const isFile = nameOrFile.includes("/") || nameOrFile.endsWith(".yaml");
  const known = hidProfileNames();
  if (!isFile && !known.includes(nameOrFile)) {
    throw new BarnacleError(
      "CONFIG_INVALID",
      `hid: no profile "${nameOrFile}"; one of ${known.join(", ")}, or the path of a file was expected`,
    );
  }
  const file = isFile ? nameOrFile : path.join(BUNDLED, `${nameOrFile}.yaml`);
  const profile = loadConfig(HidProfile, file);
  for (const [control, { usage, byte }] of Object.entries(profile.controls)) {
    if ((usage === undefined) === (byte === undefined))
      throw new BarnacleError("CONFIG_INVALID", `${file}: controls.${control}: either usage or byte was expected`);
  }
  const { lights } = profile;
  if (lights && [lights.bytes, lights.states, lights.usages].filter(Boolean).length !== 1)
    throw new BarnacleError("CONFIG_INVALID", `${file}: lights: one of bytes, states and usages was expected`);
  return profile;
}
