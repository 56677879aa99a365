import { typeError } from "../python-error.ts";
import { spend } from "../meter.ts";
import { Dict } from "./dict.ts";
import { PythonSet } from "./set.ts";
import { type AnyDict, AttributedMapping, isDict, LazyItems, typeName, Undefined } from "./types.ts";

/** Reading dicts of any make, and walking whatever Python can walk. */

export function hasKey(dict: AnyDict, key: unknown): boolean {
  if (dict instanceof Dict) return dict.has(key);
  const data = dict instanceof AttributedMapping ? dict.data : dict;
  return typeof key === "string" && Object.hasOwn(data, key);
}

/** undefined where the key is not there; a JSON null is null. */
export function valueAt(dict: AnyDict, key: unknown): unknown {
  if (dict instanceof Dict) return dict.get(key);
  const data = (dict instanceof AttributedMapping ? dict.data : dict) as Readonly<Record<string, unknown>>;
  return typeof key === "string" && Object.hasOwn(data, key) ? data[key] : undefined;
}

export function entriesOf(dict: AnyDict): Iterable<readonly [unknown, unknown]> {
  if (dict instanceof Dict) return dict.entries();
  const data = (dict instanceof AttributedMapping ? dict.data : dict) as Readonly<Record<string, unknown>>;
  return Object.entries(data).filter(([, value]) => value !== undefined);
}

export function keysOf(dict: AnyDict): unknown[] {
  return Array.from(entriesOf(dict), ([key]) => key);
}

export function sizeOf(dict: AnyDict): number {
  return dict instanceof Dict ? dict.size : keysOf(dict).length;
}

/** Its characters as Python counts them: whole code points. */
export function charactersOf(text: string): string[] {
  // An array takes far more room than the text, so it is paid for first.
  spend(1 + text.length / 4);
  return Array.from(text);
}

/** Whether each character is one unit of JavaScript's, so that positions are the same. */
export function isBasic(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text);
}

export function textLength(text: string): number {
  return isBasic(text) ? text.length : charactersOf(text).length;
}

/** The members that a Python `for` would see, counted as steps. Fails with a TypeError where there are none. */
export function itemsOf(value: unknown): readonly unknown[] {
  const items = iterated(value);
  if (items === undefined) throw typeError(`'${typeName(value)}' object is not iterable`);
  spend(1 + items.length);
  return items;
}

export function isIterable(value: unknown): boolean {
  return iterated(value) !== undefined;
}

function iterated(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value === "string") return charactersOf(value);
  if (value instanceof Undefined) return [];
  if (value instanceof LazyItems) return value.items();
  if (value instanceof PythonSet) return [...value.items()];
  return isDict(value) ? keysOf(value) : undefined;
}

/** Fails with a TypeError where it has none. */
export function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value === "string") return textLength(value);
  if (value instanceof Undefined) return 0;
  if (value instanceof PythonSet) return value.size;
  if (isDict(value)) return sizeOf(value);
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}
