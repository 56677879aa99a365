import type { ConfiguredStream, FieldKind, JsonObject, JsonValue } from "@weir/protocol";
import { ExactNumber, fieldsOf } from "@weir/protocol";
import { expect } from "../expect.ts";
import { wentWell } from "../run-command.ts";
import { meaningOf } from "./meaning.ts";
import type { DestinationScene } from "./scene.ts";
import type { DumpedRow } from "./subject.ts";

const KINDS = {
  id: "integer",
  text: "string",
  flag: "boolean",
  whole: "integer",
  amount: "number",
  day: "date",
  at: "timestamp_with_timezone",
  local: "timestamp_without_timezone",
  time: "time_without_timezone",
  zoned: "time_with_timezone",
  thing: "object",
  list: "array",
  some: "unknown",
} as const satisfies Readonly<Record<string, FieldKind>>;

/** `kept`: as it was; `marked`: NULL or another value, with a change that says so; `either`: one or the other. */
type Fate = "kept" | "marked" | "either";

export interface Case {
  readonly data: JsonObject;
  readonly fates?: Readonly<Record<string, Fate>>;
}

const VALID = {
  text: 'é 漢字 🎉 "quoted" \\ \t end',
  flag: true,
  whole: 42,
  amount: 12.5,
  day: "2024-02-29",
  at: "2024-02-29T12:34:56.789012+02:00",
  local: "2024-02-29T12:34:56.789012",
  time: "12:34:56.789012",
  zoned: "12:34:56.789012+02:00",
  thing: { a: [1, { b: null }], "": "empty name" },
  list: [10, null, "x", { y: 1 }],
  some: { any: "thing" },
} as const;

function every(fate: Fate, names: readonly string[]): Readonly<Record<string, Fate>> {
  return Object.fromEntries(names.map((name) => [name, fate]));
}

const INVALID = {
  flag: "perhaps",
  whole: "no number",
  amount: "no number",
  day: "2024-02-30",
  at: "yesterday",
  local: "25:00",
  time: "26:00",
  zoned: "noon",
} as const;

function caseList(scene: DestinationScene): readonly Case[] {
  const { largeIntegers, nul } = scene.subject.behaviour;
  return [
    { data: VALID },
    { data: Object.fromEntries(Object.keys(VALID).map((name) => [name, null])) },
    { data: {} },
    { data: { text: "nul \u0000 inside" }, fates: { text: nul } },
    {
      data: { whole: 12345678901234567890123456789012n, amount: new ExactNumber("1e39") },
      fates: { whole: largeIntegers, amount: "either" },
    },
    { data: INVALID, fates: every("marked", Object.keys(INVALID)) },
    { data: { whole: -42, amount: -12.5, at: "0044-03-15T12:00:00Z", day: "0001-01-01" } },
    { data: { at: "2024-02-29T12:34Z", local: "2024-02-29T12:34", time: "12:34" } },
    { data: { whole: 0, amount: 0, flag: false, text: "", thing: {}, list: [] } },
    { data: { whole: -1, amount: -1 } },
  ];
}

export async function types(scene: DestinationScene): Promise<JsonObject> {
  return valuesArrive(scene, "types", KINDS, caseList(scene));
}

const NUMBERS: readonly (readonly [JsonValue, Fate | "long" | "large"])[] = [
  [5e-10, "either"],
  [new ExactNumber("12345678901234567890123456789.0123456789"), "long"],
  [1234567.12345678, "kept"],
  [Number.MAX_SAFE_INTEGER, "kept"],
  [Number.MIN_SAFE_INTEGER, "kept"],
  [9223372036854775807n, "kept"],
  [-9223372036854775808n, "kept"],
  [9223372036854775808n, "large"],
  [0.1, "kept"],
  [1e-30, "either"],
];

export async function numbers(scene: DestinationScene): Promise<JsonObject> {
  const { largeIntegers, longDecimals } = scene.subject.behaviour;
  const cases = NUMBERS.map(([value, fate]): Case => {
    const isWhole = typeof value === "bigint" || Number.isInteger(value);
    const amount = fate === "long" ? longDecimals : fate === "large" ? "either" : fate;
    const whole = fate === "large" ? largeIntegers : "kept";
    return {
      data: { amount: value, ...(isWhole ? { whole: value } : {}) },
      fates: { amount, whole },
    };
  });
  return valuesArrive(scene, "numbers", { id: "integer", amount: "number", whole: "integer" }, cases);
}

export async function containers(scene: DestinationScene): Promise<JsonObject> {
  const cases: readonly Case[] = [
    { data: { thing: { declared: 1, undeclared: { deep: [1, [2]] } }, list: [10, null] } },
    { data: { both: "text", any: "text" } },
    { data: { both: 5, any: 5.25 } },
    { data: { both: { a: 1 }, any: [1, "2", null] } },
    { data: { both: true, any: false } },
    { data: { thing: { big: 12345678901234567890n, exact: new ExactNumber("0.12345678901234567890") } } },
    { data: { thing: [1], list: { a: 1 } }, fates: { thing: "either", list: "either" } },
  ];
  const kinds = { id: "integer", thing: "object", list: "array", both: "union", any: "unknown" } as const;
  return valuesArrive(scene, "containers", kinds, cases);
}

async function valuesArrive(
  scene: DestinationScene,
  name: string,
  kinds: Readonly<Record<string, FieldKind>>,
  cases: readonly Case[],
): Promise<JsonObject> {
  scene.needsRows();
  const stream = scene.stream(scene.name(name), kinds);
  const records = cases.map(({ data }, id) => scene.record(stream, { id, ...data }));
  wentWell(await scene.write([stream], [...records, scene.complete(stream)]), "write");
  return expectValues(scene, stream, cases);
}

/** Each row, whose `id` is its place in the list, as its case wants it. */
export async function expectValues(
  scene: DestinationScene,
  stream: ConfiguredStream,
  cases: readonly Case[],
): Promise<JsonObject> {
  const rows = (await scene.dump(stream)) ?? [];
  expect(rows.length === cases.length, `${rows.length} rows came of ${cases.length}`);
  const { columnOf = (field: string) => field } = scene.subject;
  const fields = fieldsOf(stream.stream.json_schema);
  let marked = 0;
  for (const [id, { data, fates = {} }] of cases.entries()) {
    const row = rows.find(
      (each) => meaningOf(each.data[columnOf("id")], "integer") === meaningOf(id, "integer"),
    );
    expect(row !== undefined, `row ${id} is not there`);
    for (const { name: field, kind } of fields) {
      if (field === "id") continue;
      marked += judge(
        {
          what: `row ${id}, ${field}`,
          sent: meaningOf(data[field], kind),
          found: meaningOf(row.data[columnOf(field)], kind),
          isMarked: marks(row, field, columnOf(field)),
        },
        fates[field] ?? "kept",
      );
    }
  }
  return { rows: rows.length, marked };
}

function marks({ changes }: DumpedRow, field: string, column: string): boolean {
  return changes.some((change) => change.field === field || change.field === column);
}

interface Found {
  readonly what: string;
  readonly sent: string | null;
  readonly found: string | null;
  readonly isMarked: boolean;
}

/** Returns 1 where the value is marked as changed. */
function judge({ what, sent, found, isMarked }: Found, fate: Fate): number {
  const isKept = sent === found;
  const saw = `sent ${sent ?? "NULL"}, found ${found ?? "NULL"}${isMarked ? ", marked" : ""}`;
  if (fate === "kept") expect(isKept && !isMarked, `${what}: ${saw}`);
  if (fate === "marked") expect(!isKept && isMarked, `${what} was to be marked: ${saw}`);
  if (fate === "either") expect(isKept !== isMarked, `${what} was to be kept or marked: ${saw}`);
  return isMarked ? 1 : 0;
}
