import type { JsonObject } from "@weir/protocol";
import { ExactNumber } from "@weir/protocol";
import type { DestinationScene } from "../scene.ts";
import type { Case } from "../values.ts";
import { expectValues } from "../values.ts";
import { begin, load, planOf, withSession } from "./session.ts";

const KINDS = {
  id: "integer",
  flag: "boolean",
  whole: "integer",
  amount: "number",
  day: "date",
  at: "timestamp_with_timezone",
  local: "timestamp_without_timezone",
  time: "time_without_timezone",
  zoned: "time_with_timezone",
  text: "string",
} as const;

const LEAST_AND_GREATEST: readonly JsonObject[] = [
  { flag: false, whole: -9223372036854775808n, amount: -1.5, day: "0001-01-01", text: "" },
  { flag: true, whole: 9223372036854775807n, amount: 1.5, day: "9999-12-31", text: "x".repeat(1_000_000) },
  { at: "0001-01-01 00:00:00+00", local: "0001-01-01 00:00:00", time: "00:00:00", zoned: "00:00:00+00:00" },
  { at: "9999-12-31 23:59:59.999999+00", local: "9999-12-31 23:59:59.999999", time: "23:59:59.999999" },
  { amount: new ExactNumber("0.000000001"), zoned: "23:59:59.999999-12:00", text: " " },
  { amount: new ExactNumber("99999999999999999999.999999999") },
];

const BEYOND: readonly JsonObject[] = [
  { day: "10000-01-01", at: "10000-01-01T00:00:00Z", local: "10000-01-01T00:00:00", time: "24:00:00" },
  { day: "0000-12-31", at: "0000-12-31T23:59:59Z", local: "0000-12-31T23:59:59", zoned: "24:00:00Z" },
  { day: "99999999-01-01", at: "99999999-01-01T00:00:00Z", local: "99999999-01-01T00:00:00" },
  { amount: new ExactNumber("1e400") },
  { amount: new ExactNumber(`1${"0".repeat(40)}`) },
  { amount: new ExactNumber("0.0000000001") },
];

const INVALID = {
  flag: "2",
  day: "2023-02-29",
  at: "2023-13-01T00:00:00Z",
  local: "",
  time: "24:00:01",
  zoned: "x",
};

export async function keepsValues(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  const { largeIntegers, nul } = scene.subject.behaviour;
  const every = (data: JsonObject, fate: "either" | "marked"): Case => ({
    data,
    fates: Object.fromEntries(Object.keys(data).map((name) => [name, fate])),
  });
  const cases: readonly Case[] = [
    ...LEAST_AND_GREATEST.map((data) => ({ data })),
    { data: { whole: 9223372036854775808n, text: "\u0000" }, fates: { whole: largeIntegers, text: nul } },
    { data: { whole: -9223372036854775809n }, fates: { whole: largeIntegers } },
    ...BEYOND.map((data) => every(data, "either")),
    every(INVALID, "marked"),
  ];
  const name = scene.name("limits");
  const plan = planOf(name, KINDS);
  await withSession(scene, name, async (session) => {
    await begin(session, plan);
    await load(
      session,
      plan,
      cases.map(({ data }, id) => ({ id, ...data })),
    );
  });
  return expectValues(scene, scene.stream(name, KINDS), cases);
}
