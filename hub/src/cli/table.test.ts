import pico from "picocolors";
import t from "tap";
import { ago, duration, milliseconds, timestamp } from "./format.ts";
import { oneLine, renderFields, renderTable } from "./table.ts";

const plain = pico.createColors(false);
const rows = [
  { name: "Kitchen", room: "kitchen" },
  { name: "Küche 2", room: undefined },
];
const columns = [
  { title: "NAME", value: (row: (typeof rows)[number]) => row.name },
  { title: "ROOM", value: (row: (typeof rows)[number]) => row.room },
];

t.test("a terminal gets aligned columns under titles", async (t) => {
  t.equal(renderTable(rows, columns, plain), "NAME     ROOM\nKitchen  kitchen\nKüche 2");
});

t.test("a pipe gets tab-separated values and no titles", async (t) => {
  t.equal(renderTable(rows, columns, undefined), "Kitchen\tkitchen\nKüche 2\t");
});

t.test("colour is put around the padded cell, so that columns stay straight", async (t) => {
  const painted = [
    { ...columns[0], title: "NAME", value: () => "ab", paint: (text: string) => `<${text}>` },
    columns[1],
  ];
  t.equal(renderTable(rows.slice(0, 1), painted as typeof columns, plain), "NAME  ROOM\n<ab  >  kitchen");
});

t.test("fields leave out what is not known", async (t) => {
  t.equal(
    renderFields(
      [
        ["name", "a"],
        ["room", undefined],
        ["address", ""],
        ["n", 0],
      ],
      plain,
    ),
    "name  a\nn     0",
  );
});

t.test("a device cannot steer the operator's terminal through its name", async (t) => {
  t.equal(oneLine("\u001b[31mred\u001b[0m\nnext\u0007\u0000"), "red next ");
});

t.test("durations are read at a glance", async (t) => {
  t.same([0, 4000, 200_000, 7_200_000, 200_000_000].map(duration), ["0 s", "4 s", "3 min", "2 h", "2 d"]);
  t.equal(ago(undefined, 5), "never");
  t.equal(ago(1000, 5000), "4 s ago");
  t.same([0.12, 9.96, 12.4].map(milliseconds), ["0.1 ms", "10.0 ms", "12 ms"]);
  t.match(timestamp(0), /^19(70-01-01|69-12-31) \d\d:\d\d:\d\d$/);
});
