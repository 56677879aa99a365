import type { Applied } from "../library.ts";
import { spend, spendSize } from "../meter.ts";
import { asIndex } from "../methods/checked.ts";
import { getAttribute } from "../methods/attributes.ts";
import { PythonError, typeError } from "../python-error.ts";
import { equal, ordered, sorted, truth } from "../values/compare.ts";
import { keyOf } from "../values/key.ts";
import { charactersOf, entriesOf, itemsOf, lengthOf } from "../values/members.ts";
import { operate } from "../values/operators.ts";
import { reprOf } from "../values/text.ts";
import { isDict, LazyItems, Tuple, typeName, Undefined } from "../values/types.ts";
import { attributeReader } from "./reader.ts";
import { applied } from "./table.ts";

function first(value: unknown): unknown {
  const items = itemsOf(value);
  return items.length === 0 ? new Undefined("No first item, sequence was empty.") : items[0];
}

function last(value: unknown): unknown {
  if (value instanceof LazyItems) throw typeError("'generator' object is not reversible");
  const items = itemsOf(value);
  return items.length === 0 ? new Undefined("No last item, sequence was empty.") : items.at(-1);
}

/** Texts compare in lower case unless asked otherwise. */
function keyReader(attribute: unknown, isCaseSensitive: unknown): (item: unknown) => unknown {
  const read =
    attribute === null || attribute === undefined ? (item: unknown) => item : attributeReader(attribute);
  return (item) => {
    const key = read(item);
    return typeof key === "string" && !truth(isCaseSensitive) ? key.toLowerCase() : key;
  };
}

function unique(value: unknown, isCaseSensitive: unknown, attribute: unknown): LazyItems {
  const key = keyReader(attribute, isCaseSensitive);
  return new LazyItems("do_unique", () => {
    const seen = new Set<string | number>();
    return itemsOf(value).filter((item) => {
      const mark = keyOf(key(item));
      if (seen.has(mark)) return false;
      seen.add(mark);
      return true;
    });
  });
}

/** `sort(attribute="a,b")` sorts by several. */
function sort(value: unknown, ...args: readonly unknown[]): unknown[] {
  const [isReverse = false, isCaseSensitive = false, attribute = null] = args;
  const parts = typeof attribute === "string" ? attribute.split(",") : [attribute];
  const keys = parts.map((part) => keyReader(part, isCaseSensitive));
  // Keys are tuples even where there is one: undefined values are equal then, and never compared.
  const key = (item: unknown): unknown => Tuple.holding(keys.map((read) => read(item)));
  return sorted(itemsOf(value), key, truth(isReverse));
}

function extreme(value: unknown, isCaseSensitive: unknown, attribute: unknown, order: "<" | ">"): unknown {
  const key = keyReader(attribute, isCaseSensitive);
  const items = itemsOf(value);
  if (items.length === 0) return new Undefined("No aggregated item, sequence was empty.");
  return items.reduce((best, item) => (ordered(order, key(item), key(best)) ? item : best));
}

function sum(value: unknown, attribute: unknown, start: unknown): unknown {
  const read = attribute === null ? (item: unknown) => item : attributeReader(attribute);
  let total = start;
  for (const item of itemsOf(value)) total = operate("+", total, read(item));
  return total;
}

function group(value: unknown, attribute: unknown, fallback: unknown, isCaseSensitive: unknown): unknown[] {
  const read = attributeReader(attribute, fallback);
  const key = (item: unknown): unknown => {
    const found = read(item);
    return typeof found === "string" && !truth(isCaseSensitive) ? found.toLowerCase() : found;
  };
  const groups: [unknown, unknown, unknown[]][] = [];
  for (const item of sorted(itemsOf(value), key, false)) {
    const mark = key(item);
    const current = groups.at(-1);
    if (current !== undefined && equal(current[0], mark)) current[2].push(item);
    else groups.push([mark, read(item), [item]]);
  }
  return groups.map(([, name, items]) => Tuple.holding([name, items]));
}

function chunks(value: unknown, size: unknown, filler: unknown): LazyItems {
  const count = Math.max(1, asIndex(size));
  return new LazyItems("do_batch", () => {
    const items = itemsOf(value);
    const rows: unknown[][] = [];
    for (let at = 0; at < items.length; at += count) rows.push(items.slice(at, at + count));
    const row = rows.at(-1);
    if (row !== undefined && filler !== null) {
      spendSize(count * 16);
      while (row.length < count) row.push(filler);
    }
    return rows;
  });
}

function slices(value: unknown, count: unknown, filler: unknown): LazyItems {
  const number = asIndex(count);
  return new LazyItems("do_slice", () => {
    const items = itemsOf(value);
    if (number === 0) throw new PythonError("ZeroDivisionError", "integer division or modulo by zero");
    spend(number);
    const size = Math.floor(items.length / number);
    const extra = items.length % number;
    return Array.from({ length: number }, (_, index) => {
      const start = index * size + Math.min(index, extra);
      const row = items.slice(start, start + size + (index < extra ? 1 : 0));
      return filler !== null && index >= extra ? [...row, filler] : row;
    });
  });
}

function dictSort(value: unknown, ...args: readonly unknown[]): unknown[] {
  const [isCaseSensitive = false, by = "key", isReverse = false] = args;
  if (value instanceof Undefined) return value.fail();
  if (!isDict(value))
    throw new PythonError("AttributeError", `'${typeName(value)}' object has no attribute 'items'`);
  const items = Array.from(entriesOf(value), (pair) => Tuple.holding(pair));
  const key = keyReader(by === "value" ? 1 : 0, isCaseSensitive);
  return sorted(items, key, truth(isReverse));
}

function dictItems(value: unknown): LazyItems {
  return new LazyItems("do_items", () => {
    if (value instanceof Undefined) return [];
    if (!isDict(value)) throw typeError("Can only get item pairs from a mapping.");
    return Array.from(entriesOf(value), (pair) => Tuple.holding(pair));
  });
}

function reverse(value: unknown): unknown {
  if (typeof value === "string") return charactersOf(value).toReversed().join("");
  return new LazyItems("reversed", () => itemsOf(value).toReversed());
}

export const COLLECTION_FILTERS = applied({
  "attr name": (value, name) =>
    typeof name === "string" && !isDict(value)
      ? getAttribute(value, name)
      : new Undefined("no such attribute"),
  "batch linecount fill_with?": (value, size, filler = null) => chunks(value, size, filler),
  count: lengthOf,
  "d default_value? boolean?": orDefault,
  "default default_value? boolean?": orDefault,
  "dictsort case_sensitive? by? reverse?": dictSort,
  first,
  "groupby attribute default? case_sensitive?": (
    value,
    attribute,
    fallback = null,
    isCaseSensitive = false,
  ) => group(value, attribute, fallback, isCaseSensitive),
  items: dictItems,
  last,
  length: lengthOf,
  list: (value) => [...itemsOf(value)],
  "max case_sensitive? attribute?": (value, isCaseSensitive = false, attribute = null) =>
    extreme(value, isCaseSensitive, attribute, ">"),
  "min case_sensitive? attribute?": (value, isCaseSensitive = false, attribute = null) =>
    extreme(value, isCaseSensitive, attribute, "<"),
  pprint: (value) => reprOf(value),
  reverse,
  "slice slices fill_with?": (value, count, filler = null) => slices(value, count, filler),
  "sort reverse? case_sensitive? attribute?": sort,
  "sum attribute? start?": (value, attribute = null, start = 0) => sum(value, attribute, start),
  "unique case_sensitive? attribute?": (value, isCaseSensitive = false, attribute = null) =>
    unique(value, isCaseSensitive, attribute),
});

function orDefault(value: unknown, fallback: unknown = "", isBoolean: unknown = false): unknown {
  return value instanceof Undefined || (truth(isBoolean) && !truth(value)) ? fallback : value;
}

type Applieds = ReadonlyMap<string, Applied>;

function named(table: Applieds, name: unknown, what: string): Applied {
  const found = typeof name === "string" ? table.get(name) : undefined;
  if (found === undefined) throw new PythonError("TemplateRuntimeError", `No ${what} named like that`);
  return found;
}

/** Filters that call other filters and tests. */
export function selecting(filters: () => Applieds, tests: Applieds): Applieds {
  const map: Applied = (value, args, names) =>
    new LazyItems("sync_do_map", () => {
      if (!truth(value)) return [];
      if (args.length === 0 && names.has("attribute"))
        return itemsOf(value).map(attributeReader(names.get("attribute"), names.get("default")));
      const [name, ...rest] = args;
      if (args.length === 0) throw new PythonError("FilterArgumentError", "map requires a filter argument");
      const filter = named(filters(), name, "filter");
      return itemsOf(value).map((item) => filter(item, rest, names));
    });
  const select =
    (title: string, isByAttribute: boolean, isWanted: boolean): Applied =>
    (value, args, names) =>
      new LazyItems(title, () => {
        if (!truth(value)) return [];
        const [attribute] = args;
        if (isByAttribute && args.length === 0)
          throw new PythonError("FilterArgumentError", "Missing parameter for attribute name");
        const read = isByAttribute ? attributeReader(attribute) : (item: unknown) => item;
        const [name, ...rest] = isByAttribute ? args.slice(1) : args;
        const test = name === undefined ? undefined : named(tests, name, "test");
        return itemsOf(value).filter((item) => {
          const tested = read(item);
          return truth(test === undefined ? tested : test(tested, rest, names)) === isWanted;
        });
      });
  return new Map<string, Applied>([
    ["map", map],
    ["select", select("select_or_reject", false, true)],
    ["reject", select("select_or_reject", false, false)],
    ["selectattr", select("select_or_reject", true, true)],
    ["rejectattr", select("select_or_reject", true, false)],
  ]);
}
