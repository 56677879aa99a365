import { ExactNumber, type JsonValue } from "@weir/protocol";
import { PythonError, type Template, templateCompiler } from "../../src/expressions/index.ts";

/** 2025-03-04T05:06:07.123456Z. */
export const NOW = 1_741_064_767_123.456;

export const compile: (text: string) => Template = templateCompiler({ now: () => NOW, random: () => 0.5 });

export const DATA: Readonly<Record<string, JsonValue>> = {
  s: "Hello World",
  none: null,
  i: 7,
  f: 2.5,
  whole: new ExactNumber("1.0"),
  big: 12_345_678_901_234_567_890n,
  list: [3, 1, 2],
  dict: { a: 1, b: { c: [1, 2, { x: "y" }] }, items: 5 },
  rows: [
    { id: 1, n: "x", ok: true },
    { id: 2, n: "y", ok: false },
    { id: 3, ok: true },
  ],
  smile: "a😀b",
  quote: "O'B",
};

/** What the template prints, or the class of what it raises. */
export function printed(template: string, variables: Readonly<Record<string, unknown>> = DATA): string {
  try {
    return compile(template).render(variables);
  } catch (error) {
    if (error instanceof PythonError) return `${error.kind}!`;
    throw error;
  }
}
