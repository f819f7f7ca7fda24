import t from "tap";
import { agentBeadId, directoryOf, needAddress, parseAddress } from "./address.ts";
import { freeName, poolOf, THEMES } from "./names.ts";

t.test("every form of an address is read, and has one spelling", async (t) => {
  const read = (text: string) => {
    const found = parseAddress(text, (rig, name) => rig === "barn" && name === "anna");
    return found && [found.text, found.role, found.rig, found.name];
  };
  t.same(read("mayor/"), ["mayor/", "mayor", undefined, undefined]);
  t.same(read("mayor"), read("mayor/"));
  t.same(read("deacon"), ["deacon/", "deacon", undefined, undefined]);
  t.same(read("deacon/dogs/rex"), ["deacon/dogs/rex", "dog", undefined, "rex"]);
  t.same(read("overseer"), ["overseer", "overseer", undefined, undefined]);
  t.same(read("barn/witness"), ["barn/witness", "witness", "barn", undefined]);
  t.same(read("barn/refinery/"), ["barn/refinery", "refinery", "barn", undefined]);
  t.same(read("barn/polecats/toast"), ["barn/polecats/toast", "polecat", "barn", "toast"]);
  t.same(read("barn/polecat/toast"), read("barn/polecats/toast"));
  t.same(read("barn/toast"), read("barn/polecats/toast"));
  t.same(read("barn/anna"), ["barn/crew/anna", "crew", "barn", "anna"], "the short form of a crew member");
  t.same(read("barn/crew/anna"), read("barn/anna"));
  for (const wrong of [
    "",
    "barn",
    "barn/crew",
    "barn/crew/a/b",
    "a//b",
    "../x",
    "barn/polecats/..",
    "a b/c",
    "mayor/x",
  ]) {
    t.equal(read(wrong), undefined, wrong);
  }
  t.throws(() => needAddress("barn"), { code: "INPUT_INVALID", message: /<rig>\/polecats\/<name>/ });
});

t.test("names of directories and of records follow from the address", async (t) => {
  t.equal(directoryOf("barn/polecats/toast"), "barn+polecats+toast");
  t.equal(directoryOf("mayor/"), "mayor");
  t.equal(agentBeadId(needAddress("mayor")), "hq-mayor");
  t.equal(agentBeadId(needAddress("barn/toast"), "bn"), "bn-barn-polecat-toast");
  t.equal(agentBeadId(needAddress("barn/witness"), "bn"), "bn-barn-witness");
});

t.test("pools have fifty names each, and go on when they are given out", async (t) => {
  for (const [theme, names] of Object.entries(THEMES)) t.equal(new Set(names).size, 50, theme);
  for (const name of Object.values(THEMES).flat()) t.ok(parseAddress(`barn/${name}`), name);
  t.equal(freeName(poolOf(undefined), new Set()), "furiosa");
  t.equal(freeName(poolOf("minerals"), new Set(["agate"])), "amber");
  t.same(
    ["a", "b", "a-2", "b-2", "a-3"].map((_, i, all) => freeName(poolOf(["a", "b"]), new Set(all.slice(0, i)))),
    [...["a", "b", "a-2", "b-2", "a-3"]],
  );
});
