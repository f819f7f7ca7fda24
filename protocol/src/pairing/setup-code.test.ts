import fc from "fast-check";
import t from "tap";
import { readSetupCode, SETUP_ALPHABET, setupLink, writeSetupCode } from "./index.ts";

const secret = fc.string({ unit: fc.constantFrom(...SETUP_ALPHABET), minLength: 8, maxLength: 8 });
const fingerprint = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 });

t.test("a typed code gives back its secret and how the authority's fingerprint begins", async () => {
  fc.assert(
    fc.property(secret, fingerprint, fc.boolean(), (code, ca, sloppy) => {
      const text = writeSetupCode(code, ca);
      const read = readSetupCode(sloppy ? ` ${text.toLowerCase().replaceAll("-", " ")}` : text);
      return read.secret === code && read.authority === ca.slice(0, 20) && /^(.{4}-){5}.{4}$/.test(text);
    }),
  );
});

t.test("a scanned code gives back everything", async () => {
  fc.assert(
    fc.property(secret, fingerprint, fc.webUrl({ validSchemes: ["http", "https"] }), (code, authority, hub) => {
      const read = readSetupCode(setupLink({ secret: code, authority, hub }));
      return read.secret === code && read.authority === authority && read.hub === hub;
    }),
  );
});

t.test("a hub for its own machine gives short codes", async (t) => {
  t.equal(writeSetupCode("ABCDEFGH"), "ABCD-EFGH");
  t.same(readSetupCode("abcd-efgh"), { secret: "ABCDEFGH" });
  t.same(readSetupCode(setupLink({ secret: "ABCDEFGH" })), { secret: "ABCDEFGH" });
});

t.test("what cannot be one is refused by name", async (t) => {
  for (const text of ["barnacle://pair", "barnacle://pair?code=A&ca=zz", "barnacle://pair?code=A&hub=ftp://x"]) {
    t.throws(() => readSetupCode(text), { code: "INPUT_INVALID" }, text);
  }
  t.throws(() => readSetupCode("ABCD-EFGH-0000-0000-0000-0000"), { code: "INPUT_INVALID", message: /"0"/ });
});
