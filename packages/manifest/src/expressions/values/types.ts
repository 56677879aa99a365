import { ExactNumber, type JsonObject } from "@weir/protocol";
import { CalendarDate, Duration, Moment, Timedelta } from "../datetime/index.ts";
import { undefinedError } from "../python-error.ts";
import type { Dict } from "./dict.ts";
import { PythonSet } from "./set.ts";

/** What a name, a member or an item that is not there gives. Prints as nothing; most uses of it fail. */
export class Undefined {
  readonly hint: string;

  constructor(hint: string) {
    this.hint = hint;
  }

  fail(): never {
    throw undefinedError(this.hint);
  }
}

/** An array, so that it leaves as a JSON array; prints in parentheses. */
export class Tuple extends Array<unknown> {
  static holding(items: readonly unknown[]): Tuple {
    const tuple = new Tuple();
    for (const item of items) tuple.push(item);
    return tuple;
  }
}

export type Arguments = readonly unknown[];
export type Named = ReadonlyMap<string, unknown>;
const NO_NAMES: Named = new Map();

/** Something a template may call. */
export class Callable {
  readonly name: string;
  readonly #body: (args: Arguments, named: Named) => unknown;

  constructor(name: string, body: (args: Arguments, named: Named) => unknown) {
    this.name = name;
    this.#body = body;
  }

  call(args: Arguments, named: Named = NO_NAMES): unknown {
    return this.#body(args, named);
  }
}

/** Bytes, as only literals make them. */
export class Bytes {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object with named attributes that a template may read, and set where it is a namespace. */
export class Namespace {
  readonly className: string;
  readonly attributes: Map<string, unknown>;

  constructor(className: string, attributes: Map<string, unknown>) {
    this.className = className;
    this.attributes = attributes;
  }
}

/** A mapping that has attributes beside its keys: a slice, a record with the slice that it came from. */
export class AttributedMapping {
  readonly data: JsonObject;
  readonly attributes: ReadonlyMap<string, unknown>;

  constructor(data: JsonObject, attributes: ReadonlyMap<string, unknown>) {
    this.data = data;
    this.attributes = attributes;
  }
}

/** What Jinja's lazy filters give: walked when it is used, without a length. */
export class LazyItems {
  readonly name: string;
  readonly #make: () => readonly unknown[];
  #items: readonly unknown[] | undefined;

  constructor(name: string, make: () => readonly unknown[]) {
    this.name = name;
    this.#make = make;
  }

  items(): readonly unknown[] {
    return (this.#items ??= this.#make());
  }
}

export const ELLIPSIS = Symbol("Ellipsis");

/** A dict of any make: JSON data, a literal's, or one with attributes. */
export type AnyDict = JsonObject | Dict | AttributedMapping;

const OPAQUE = [
  ExactNumber,
  Undefined,
  Callable,
  Bytes,
  Namespace,
  PythonSet,
  LazyItems,
  Moment,
  CalendarDate,
  Timedelta,
  Duration,
] as const;

export function isDict(value: unknown): value is AnyDict {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return !OPAQUE.some((kind) => value instanceof kind);
}

export function isInt(value: unknown): value is number | bigint {
  return typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
}

export function isFloat(value: unknown): value is number | ExactNumber {
  return value instanceof ExactNumber || (typeof value === "number" && !Number.isSafeInteger(value));
}

/** The name Python gives the value's class. */
export function typeName(value: unknown): string {
  if (value === null) return "NoneType";
  switch (typeof value) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "number":
      return Number.isSafeInteger(value) ? "int" : "float";
    case "bigint":
      return "int";
    case "symbol":
      return "ellipsis";
    default:
      return classOf(value);
  }
}

function classOf(value: unknown): string {
  if (value instanceof Tuple) return "tuple";
  if (Array.isArray(value)) return "list";
  if (value instanceof ExactNumber) return "float";
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Callable) return "function";
  if (value instanceof Bytes) return "bytes";
  if (value instanceof PythonSet) return "set";
  if (value instanceof LazyItems) return "generator";
  if (value instanceof Namespace) return value.className;
  if (value instanceof Moment) return "datetime";
  if (value instanceof CalendarDate) return "date";
  if (value instanceof Timedelta) return "timedelta";
  if (value instanceof Duration) return "Duration";
  return value instanceof AttributedMapping ? "Mapping" : "dict";
}
