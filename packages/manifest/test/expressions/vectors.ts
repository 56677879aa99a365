import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { ExactNumber, type JsonValue, stringifyJson } from "@weir/protocol";
import { PythonError, templateCompiler } from "../../src/expressions/index.ts";

interface Case {
  readonly context: Readonly<Record<string, JsonValue>>;
  readonly rendered: string | null;
  readonly render_error: string | null;
  readonly value: JsonValue;
  readonly value_error: string | null;
}

interface Vectors {
  readonly now: string;
  readonly templates: readonly { readonly template: string; readonly cases: readonly Case[] }[];
}

export interface Difference {
  readonly template: string;
  readonly context: string;
  readonly expected: string;
  readonly actual: string;
}

export interface Count {
  readonly equal: number;
  readonly of: number;
  readonly differences: readonly Difference[];
}

/** JSON with 1 and 1.0 apart, and integers of any size. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, ((_key: string, value: unknown, { source }: { source?: string }) => {
    if (typeof value !== "number" || source === undefined) return value;
    if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
    return Number.isInteger(value) ? new ExactNumber(source) : value;
  }) as (key: string, value: unknown) => unknown);
}

function outcome(run: () => unknown): string {
  try {
    return JSON.stringify(canonical(run()));
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    return `raises ${error.kind === "UndefinedError" ? "undef" : error.kind}`;
  }
}

/** Keys in order, and numbers as their text; 1 and 1.0 stay apart. */
function canonical(value: unknown): unknown {
  if (typeof value === "bigint") return `int ${value}`;
  if (value instanceof ExactNumber) return `float ${Number(value.text)}`;
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => [key, canonical(member)]);
}

/** Runs every recorded case. `differences` holds those that are not equal. */
export function countVectors(file: string): Count {
  const vectors = parseExactly(gunzipSync(readFileSync(file)).toString("utf8")) as Vectors;
  const fraction = Number(`0.${/\.(\d+)/.exec(vectors.now)?.[1] ?? "0"}`) * 1000;
  const now = Math.floor(Date.parse(vectors.now) / 1000) * 1000 + fraction;
  const compile = templateCompiler({ now: () => now, random: () => 0.5 });
  const differences: Difference[] = [];
  let of = 0;
  for (const { template, cases } of vectors.templates)
    for (const one of cases) {
      of += 1;
      const expected = [
        one.render_error === null ? JSON.stringify(one.rendered) : `raises ${one.render_error}`,
        one.value_error === null ? JSON.stringify(canonical(one.value)) : `raises ${one.value_error}`,
      ].join(" -> ");
      const actual = [
        outcome(() => compile(template).render(one.context)),
        outcome(() => compile(template).evaluate(one.context, { fallback: null })),
      ].join(" -> ");
      if (expected !== actual)
        differences.push({ template, context: stringifyJson(one.context), expected, actual });
    }
  return { equal: of - differences.length, of, differences };
}
