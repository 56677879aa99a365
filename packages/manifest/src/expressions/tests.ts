import { typeError } from "./python-error.ts";
import type { Applied } from "./library.ts";
import { applied } from "./filters/table.ts";
import { contains, equal, ordered } from "./values/compare.ts";
import { isIterable } from "./values/members.ts";
import { isNumeric, modulo } from "./values/numbers.ts";
import { textOf } from "./values/text.ts";
import { Callable, isDict, isFloat, isInt, LazyItems, typeName, Undefined } from "./values/types.ts";

function divisible(value: unknown, by: unknown): boolean {
  if (value instanceof Undefined) return value.fail();
  if (by instanceof Undefined) return by.fail();
  if (typeof value === "string") throw typeError("not all arguments converted during string formatting");
  if (!isNumeric(value) || !isNumeric(by))
    throw typeError(`unsupported operand type(s) for %: '${typeName(value)}' and '${typeName(by)}'`);
  return equal(modulo(value, by), 0);
}

const eq = (value: unknown, other: unknown): boolean => equal(value, other);
const ne = (value: unknown, other: unknown): boolean => !equal(value, other);
const less = (value: unknown, other: unknown): boolean => ordered("<", value, other);
const greater = (value: unknown, other: unknown): boolean => ordered(">", value, other);
const atMost = (value: unknown, other: unknown): boolean => ordered("<=", value, other);
const atLeast = (value: unknown, other: unknown): boolean => ordered(">=", value, other);

function isSame(value: unknown, other: unknown): boolean {
  if (value instanceof Undefined || other instanceof Undefined) return value === other;
  return (
    typeof value === typeof other &&
    (Object.is(value, other) || (typeof value === "string" && value === other))
  );
}

/** Jinja's tests of values; what filters and tests there are comes in, as two tests ask for it. */
export function testTable(filters: () => ReadonlyMap<string, Applied>): ReadonlyMap<string, Applied> {
  const tests: Map<string, Applied> = new Map(
    applied({
      boolean: (value) => typeof value === "boolean",
      callable: (value) => value instanceof Callable,
      defined: (value) => !(value instanceof Undefined),
      undefined: (value) => value instanceof Undefined,
      "divisibleby num": divisible,
      "eq other": eq,
      "equalto other": eq,
      "== other": eq,
      "ne other": ne,
      "!= other": ne,
      "lt other": less,
      "lessthan other": less,
      "< other": less,
      "gt other": greater,
      "greaterthan other": greater,
      "> other": greater,
      "le other": atMost,
      "<= other": atMost,
      "ge other": atLeast,
      ">= other": atLeast,
      escaped: () => false,
      even: (value) => divisible(value, 2),
      odd: (value) => !divisible(value, 2),
      false: (value) => value === false,
      true: (value) => value === true,
      float: isFloat,
      integer: isInt,
      "in seq": (value, sequence) => contains(sequence, value),
      iterable: isIterable,
      lower: (value) => isCase(textOf(value), true),
      upper: (value) => isCase(textOf(value), false),
      mapping: isDict,
      none: (value) => value === null,
      number: isNumeric,
      "sameas other": isSame,
      sequence: (value) => isIterable(value) && !(value instanceof LazyItems),
      string: (value) => typeof value === "string",
      filter: (value) => typeof value === "string" && filters().has(value),
    }),
  );
  tests.set("test", (value) => typeof value === "string" && tests.has(value));
  return tests;
}

function isCase(text: string, isLower: boolean): boolean {
  const same = isLower ? text.toLowerCase() : text.toUpperCase();
  const other = isLower ? text.toUpperCase() : text.toLowerCase();
  return text === same && text !== other;
}
