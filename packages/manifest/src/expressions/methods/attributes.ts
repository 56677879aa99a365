import { CalendarDate, Duration, Moment, Timedelta } from "../datetime/index.ts";
import { PythonError, typeError } from "../python-error.ts";
import { float, toFloat } from "../values/numbers.ts";
import { charactersOf, isBasic, valueAt } from "../values/members.ts";
import { PythonSet } from "../values/set.ts";
import {
  type Arguments,
  AttributedMapping,
  Callable,
  isDict,
  isFloat,
  isInt,
  type Named,
  Namespace,
  Tuple,
  typeName,
  Undefined,
} from "../values/types.ts";
import { DICT_METHODS, LIST_METHODS, SET_METHODS, TUPLE_METHODS, updateNamed } from "./collections.ts";
import { formatText, type Reach } from "./format.ts";
import { callMethod, type Methods } from "./table.ts";
import { TEXT_METHODS } from "./text.ts";
import { DATE_METHODS, MOMENT_METHODS, SPAN_METHODS, timeAttribute } from "./time.ts";

const NO_METHODS: Methods<unknown> = new Map();

function methodsOf(value: unknown): Methods<never> {
  if (typeof value === "string") return TEXT_METHODS;
  if (value instanceof Tuple) return TUPLE_METHODS;
  if (Array.isArray(value)) return LIST_METHODS;
  if (value instanceof Moment) return MOMENT_METHODS;
  if (value instanceof CalendarDate) return DATE_METHODS;
  if (value instanceof Timedelta) return SPAN_METHODS;
  if (value instanceof PythonSet) return SET_METHODS;
  return isDict(value) ? DICT_METHODS : NO_METHODS;
}

function missing(value: unknown, name: unknown): Undefined {
  const what = typeof name === "string" ? `attribute '${name.slice(0, 100)}'` : "element";
  return new Undefined(`'${typeName(value)} object' has no ${what}`);
}

/** A method bound to its value, or an attribute that is none; undefined where the type has neither. */
function ownAttribute(value: unknown, name: string): unknown {
  if (value instanceof Namespace || value instanceof AttributedMapping) {
    const attribute = value.attributes.get(name);
    if (attribute !== undefined) return attribute;
  }
  if (methodsOf(value).has(name) || (typeof value === "string" && name === "format"))
    return new Callable(name, (args, named) => callOn(value, name, args, named));
  const time = timeAttribute(value, name);
  if (time !== undefined) return time;
  if (value instanceof Duration && SPAN_METHODS.has(name))
    return new Callable(name, (args, named) => callOn(value.span, name, args, named));
  return isInt(value) || isFloat(value) ? numberAttribute(value, name) : undefined;
}

function numberAttribute(value: Parameters<typeof toFloat>[0], name: string): unknown {
  if (name === "real" || (name === "numerator" && isInt(value))) return value;
  if (name === "imag") return isInt(value) ? 0 : float(0);
  if (name === "denominator" && isInt(value)) return 1;
  if (name === "is_integer" && isFloat(value))
    return new Callable(name, () => Number.isInteger(toFloat(value)));
  if (name === "bit_length" && isInt(value))
    return new Callable(name, () => (value === 0 ? 0 : BigInt(value).toString(2).replace("-", "").length));
  return undefined;
}

/** `value.name`: an attribute or a method, else an item. What is not there is Undefined. */
export function getAttribute(value: unknown, name: string): unknown {
  if (value instanceof Undefined) return value.fail();
  const own = ownAttribute(value, name);
  if (own !== undefined) return own;
  if (isDict(value)) {
    const item = valueAt(value, name);
    if (item !== undefined) return item;
  }
  return missing(value, name);
}

/** `value[key]`: an item, else an attribute or a method. What is not there is Undefined. */
export function getItem(value: unknown, key: unknown): unknown {
  if (value instanceof Undefined) return value.fail();
  const item = ownItem(value, key);
  if (item !== undefined) return item;
  return (typeof key === "string" ? ownAttribute(value, key) : undefined) ?? missing(value, key);
}

function ownItem(value: unknown, key: unknown): unknown {
  if (isDict(value)) {
    const isHashable = typeof key !== "object" || key === null || (!isDict(key) && !isPlainArray(key));
    return isHashable ? valueAt(value, key) : undefined;
  }
  if (!isInt(key) && typeof key !== "boolean") return undefined;
  const index = Number(key);
  if (Array.isArray(value)) return (value as unknown[])[index < 0 ? index + value.length : index];
  if (typeof value !== "string") return undefined;
  const characters = isBasic(value) ? value : charactersOf(value);
  return characters[index < 0 ? index + characters.length : index];
}

function isPlainArray(value: unknown): boolean {
  return Array.isArray(value) && !(value instanceof Tuple);
}

const REACH: Reach = { attribute: getAttribute, item: getItem };

/** `value.name(...)` without a bound method in between. */
export function callOn(value: unknown, name: string, args: Arguments, named: Named): unknown {
  if (value instanceof Undefined) return value.fail();
  if (typeof value === "string" && name === "format") return formatText(value, args, named, REACH);
  if (!(value instanceof AttributedMapping && value.attributes.has(name))) {
    if (named.size > 0 && name === "update" && isDict(value)) {
      callMethod(DICT_METHODS.get("update") as never, value as never, args, new Map());
      updateNamed(value, named);
      return null;
    }
    const method = methodsOf(value).get(name);
    if (method !== undefined) return callMethod(method, value as never, args, named);
  }
  return call(getAttribute(value, name), args, named);
}

export function call(value: unknown, args: Arguments, named: Named): unknown {
  if (value instanceof Callable) return value.call(args, named);
  if (value instanceof Undefined) return value.fail();
  throw typeError(`'${typeName(value)}' object is not callable`);
}

/** `value[start:stop:step]`. */
export function getSlice(value: unknown, start: unknown, stop: unknown, step: unknown): unknown {
  if (value instanceof Undefined) return value.fail();
  if (typeof value !== "string" && !Array.isArray(value)) {
    if (isDict(value)) throw typeError("unhashable type: 'slice'");
    throw typeError(`'${typeName(value)}' object is not subscriptable`);
  }
  const items: readonly unknown[] = typeof value === "string" ? charactersOf(value) : (value as unknown[]);
  const indices = sliceIndices(items.length, [start, stop, step]);
  const taken = indices.map((index) => items[index]);
  if (typeof value === "string") return taken.join("");
  return value instanceof Tuple ? Tuple.holding(taken) : taken;
}

function sliceIndices(length: number, bounds: readonly unknown[]): number[] {
  const [start, stop, step = 1] = bounds.map((bound) => {
    if (bound === null || bound === undefined) return undefined;
    if (!isInt(bound) && typeof bound !== "boolean")
      throw typeError("slice indices must be integers or None or have an __index__ method");
    return Number(bound);
  });
  if (step === 0) throw new PythonError("ValueError", "slice step cannot be zero");
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? length : length - 1;
  const place = (bound: number | undefined, fallback: number): number =>
    bound === undefined ? fallback : Math.max(low, Math.min(high, bound < 0 ? bound + length : bound));
  const indices: number[] = [];
  const end = place(stop, step > 0 ? high : low);
  for (let index = place(start, step > 0 ? low : high); step > 0 ? index < end : index > end; index += step)
    indices.push(index);
  return indices;
}
