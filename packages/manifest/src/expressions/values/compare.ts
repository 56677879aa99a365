import { CalendarDate, Duration, Moment, Timedelta } from "../datetime/index.ts";
import { MAX_DEPTH, spend } from "../meter.ts";
import { PythonError, typeError } from "../python-error.ts";
import { entriesOf, hasKey, isBasic, itemsOf, sizeOf, valueAt } from "./members.ts";
import { compareNumbers, isNumeric, toFloat } from "./numbers.ts";
import { PythonSet } from "./set.ts";
import { Bytes, isDict, LazyItems, Tuple, typeName, Undefined } from "./types.ts";

/** Python's truth of a value. */
export function truth(value: unknown): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value !== "";
    case "number":
      return value !== 0;
    case "bigint":
      return value !== 0n;
    default:
      return objectTruth(value);
  }
}

function objectTruth(value: unknown): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isNumeric(value)) return toFloat(value) !== 0;
  if (value instanceof Timedelta || value instanceof Duration) return !value.isZero();
  if (value instanceof PythonSet) return value.size > 0;
  return isDict(value) ? sizeOf(value) > 0 : true;
}

/** Python's `==`. */
export function equal(a: unknown, b: unknown, depth = 0): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  if (isNumeric(a)) return isNumeric(b) && compareNumbers(a, b) === 0;
  if (a === b) return true;
  if (depth > MAX_DEPTH) throw new PythonError("RecursionError", "data is nested too deep");
  spend(1);
  if (a instanceof Undefined) return b instanceof Undefined;
  if (Array.isArray(a)) return Array.isArray(b) && equalArrays(a, b, depth);
  if (a instanceof Moment) return b instanceof Moment && a.equals(b);
  if (a instanceof CalendarDate) return b instanceof CalendarDate && a.days === b.days;
  if (a instanceof Duration) return (b instanceof Duration || b instanceof Timedelta) && a.equals(b);
  if (a instanceof Timedelta)
    return b instanceof Timedelta ? a.compare(b) === 0 : b instanceof Duration && b.equals(a);
  if (a instanceof PythonSet)
    return b instanceof PythonSet && a.size === b.size && [...a.items()].every((item) => b.has(item));
  if (a instanceof Bytes) return b instanceof Bytes && a.text === b.text;
  return isDict(a) && isDict(b) && equalDicts(a, b, depth);
}

function equalArrays(a: readonly unknown[], b: readonly unknown[], depth: number): boolean {
  if (a.length !== b.length || a instanceof Tuple !== b instanceof Tuple) return false;
  return a.every((item, index) => equal(item, b[index], depth + 1));
}

function equalDicts(
  a: Parameters<typeof sizeOf>[0],
  b: Parameters<typeof sizeOf>[0],
  depth: number,
): boolean {
  if (sizeOf(a) !== sizeOf(b)) return false;
  for (const [key, value] of entriesOf(a))
    if (!hasKey(b, key) || !equal(value, valueAt(b, key), depth + 1)) return false;
  return true;
}

export type Order = "<" | "<=" | ">" | ">=";

/** Python's `<` and its like. Fails with a TypeError for types that have no order. */
export function ordered(order: Order, a: unknown, b: unknown): boolean {
  const result = compare(order, a, b, 0);
  switch (order) {
    case "<":
      return result < 0;
    case "<=":
      return result <= 0;
    case ">":
      return result > 0;
    case ">=":
      return result >= 0;
  }
}

/** NaN where neither is less. `order` is for the message alone. */
function compare(order: Order, a: unknown, b: unknown, depth: number): number {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  if (a instanceof Undefined) return a.fail();
  if (b instanceof Undefined) return b.fail();
  if (a instanceof Moment && b instanceof Moment) return a.compare(b);
  if (a instanceof CalendarDate && b instanceof CalendarDate) return a.compare(b);
  if (a instanceof Timedelta && b instanceof Timedelta) return a.compare(b);
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple) {
    if (depth > MAX_DEPTH) throw new PythonError("RecursionError", "data is nested too deep");
    return compareArrays(order, a, b, depth);
  }
  if (a instanceof PythonSet && b instanceof PythonSet) return compareSets(a, b);
  throw typeError(`'${order}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

function compareArrays(order: Order, a: readonly unknown[], b: readonly unknown[], depth: number): number {
  const length = Math.min(a.length, b.length);
  spend(1 + length);
  for (let index = 0; index < length; index++)
    if (!equal(a[index], b[index], depth + 1)) return compare(order, a[index], b[index], depth + 1);
  return a.length - b.length;
}

function compareSets(a: PythonSet, b: PythonSet): number {
  const isWithin = [...a.items()].every((item) => b.has(item));
  if (isWithin) return a.size === b.size ? 0 : -1;
  return [...b.items()].every((item) => a.has(item)) ? 1 : Number.NaN;
}

function compareTexts(a: string, b: string): number {
  if (isBasic(a) && isBasic(b)) return a < b ? -1 : a > b ? 1 : 0;
  const [x, y] = [Array.from(a), Array.from(b)];
  for (let index = 0; index < Math.min(x.length, y.length); index++) {
    const difference = (x[index]?.codePointAt(0) ?? 0) - (y[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/** Python's `in`. */
export function contains(container: unknown, item: unknown): boolean {
  if (typeof container === "string") {
    if (item instanceof Undefined || typeof item !== "string")
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    spend(1 + container.length / 16);
    return container.includes(item);
  }
  if (container instanceof PythonSet) return container.has(item);
  if (isDict(container)) {
    if (Array.isArray(item) && !(item instanceof Tuple)) throw typeError("unhashable type: 'list'");
    if (isDict(item)) throw typeError("unhashable type: 'dict'");
    return hasKey(container, item);
  }
  if (!Array.isArray(container) && !(container instanceof Undefined) && !(container instanceof LazyItems))
    throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  return itemsOf(container).some((member) => equal(member, item));
}

/** Sorts by `key` as Python's stable sort does. */
export function sorted(
  items: readonly unknown[],
  key: (item: unknown) => unknown,
  isReverse: boolean,
): unknown[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  const direction = isReverse ? -1 : 1;
  keyed.sort((a, b) => {
    spend(1);
    if (ordered("<", a.key, b.key)) return -direction;
    return ordered("<", b.key, a.key) ? direction : 0;
  });
  return keyed.map(({ item }) => item);
}
