import { spend, spendSize } from "../meter.ts";
import { PythonError, typeError, valueError } from "../python-error.ts";
import { equal, sorted, truth } from "../values/compare.ts";
import { Dict } from "../values/dict.ts";
import { keyOf } from "../values/key.ts";
import { entriesOf, hasKey, itemsOf, keysOf, valueAt } from "../values/members.ts";
import { PythonSet } from "../values/set.ts";
import { type AnyDict, AttributedMapping, Callable, isDict, Tuple } from "../values/types.ts";
import { asIndex, clamped } from "./checked.ts";
import { methods, type Methods } from "./table.ts";

function indexOf(items: readonly unknown[], item: unknown): number {
  spend(1 + items.length);
  return items.findIndex((member) => equal(member, item));
}

function found(at: number): number {
  if (at === -1) throw valueError("the item is not in the list");
  return at;
}

function count(items: readonly unknown[], item: unknown): number {
  spend(1 + items.length);
  return items.filter((member) => equal(member, item)).length;
}

function pop(self: unknown[], place: unknown): unknown {
  if (self.length === 0) throw new PythonError("IndexError", "pop from empty list");
  const index = place === undefined ? self.length - 1 : asIndex(place);
  const at = index < 0 ? index + self.length : index;
  if (at < 0 || at >= self.length) throw new PythonError("IndexError", "pop index out of range");
  return self.splice(at, 1)[0];
}

function sortInPlace(self: unknown[], key: unknown, isReverse: unknown): null {
  const read = (item: unknown): unknown => (key instanceof Callable ? key.call([item]) : item);
  const items = sorted(self, read, truth(isReverse ?? false));
  self.splice(0, self.length, ...items);
  return null;
}

export const LIST_METHODS: Methods<unknown[]> = methods<unknown[]>({
  "append item": (self, item) => {
    spendSize(self.length);
    self.push(item);
    return null;
  },
  clear: (self) => {
    self.length = 0;
    return null;
  },
  copy: (self) => [...self],
  "count item": (self, item) => count(self, item),
  "extend items": (self, items) => {
    // A list may be extended by itself.
    const added = itemsOf(items).slice();
    spendSize((self.length + added.length) * 16);
    for (const item of added) self.push(item);
    return null;
  },
  "index item": (self, item) => found(indexOf(self, item)),
  "insert index item": (self, index, item) => {
    spendSize(self.length);
    self.splice(clamped(index, self.length, 0), 0, item);
    return null;
  },
  "pop index?": (self, index) => pop(self, index),
  "remove item": (self, item) => {
    self.splice(found(indexOf(self, item)), 1);
    return null;
  },
  reverse: (self) => {
    self.reverse();
    return null;
  },
  "sort key? reverse?": (self, key, isReverse) => sortInPlace(self, key, isReverse),
});

export const TUPLE_METHODS: Methods<readonly unknown[]> = methods<readonly unknown[]>({
  "count item": (self, item) => count(self, item),
  "index item": (self, item) => found(indexOf(self, item)),
});

export const SET_METHODS: Methods<PythonSet> = methods<PythonSet>({
  "add item": (self, item) => {
    self.add(item);
    return null;
  },
  copy: (self) => PythonSet.of(self.items()),
  "difference other": (self, other) => {
    const others = PythonSet.of(itemsOf(other));
    return PythonSet.of([...self.items()].filter((item) => !others.has(item)));
  },
  "intersection other": (self, other) => {
    const others = PythonSet.of(itemsOf(other));
    return PythonSet.of([...self.items()].filter((item) => others.has(item)));
  },
  "union other": (self, other) => PythonSet.of([...self.items(), ...itemsOf(other)]),
});

/** JSON data are dicts, too; a key of theirs never reaches a prototype. */
function setKey(dict: AnyDict, key: unknown, value: unknown): void {
  if (dict instanceof AttributedMapping) throw typeError("the mapping does not support item assignment");
  if (dict instanceof Dict) dict.set(key, value);
  else if (typeof key === "string")
    Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true });
  else throw typeError("data of JSON have keys of text only");
}

function removeKey(dict: AnyDict, key: unknown): void {
  if (dict instanceof AttributedMapping) throw typeError("the mapping does not support item deletion");
  if (dict instanceof Dict) dict.delete(key);
  else if (typeof key === "string") Reflect.deleteProperty(dict, key);
}

function hashable(key: unknown): unknown {
  if (typeof key !== "string") keyOf(key);
  return key;
}

function takeKey(self: AnyDict, key: unknown, fallback: unknown): unknown {
  if (!hasKey(self, hashable(key))) {
    if (fallback === undefined) throw new PythonError("KeyError", "the dict has no such key");
    return fallback;
  }
  const value = valueAt(self, key);
  removeKey(self, key);
  return value;
}

function update(self: AnyDict, other: unknown): null {
  if (other === undefined) return null;
  const members = isDict(other) ? [...entriesOf(other)] : itemsOf(other).map((item) => itemsOf(item));
  for (const [key, value] of members) setKey(self, key, value);
  return null;
}

export const DICT_METHODS: Methods<AnyDict> = methods<AnyDict>({
  clear: (self) => {
    for (const key of keysOf(self)) removeKey(self, key);
    return null;
  },
  copy: (self) => Dict.of(entriesOf(self)),
  "get key default?": (self, key, fallback = null) =>
    valueAt(self, hashable(key)) ?? (hasKey(self, key) ? null : fallback),
  items: (self) => Array.from(entriesOf(self), ([key, value]) => Tuple.holding([key, value])),
  keys: (self) => keysOf(self),
  "pop key default?": (self, key, fallback) => takeKey(self, key, fallback),
  popitem: (self) => {
    const last = [...entriesOf(self)].at(-1);
    if (last === undefined) throw new PythonError("KeyError", "popitem(): dictionary is empty");
    removeKey(self, last[0]);
    return Tuple.holding(last);
  },
  "setdefault key default?": (self, key, fallback = null) => {
    if (!hasKey(self, hashable(key))) setKey(self, key, fallback);
    return valueAt(self, key);
  },
  "update other?": (self, other) => update(self, other),
  values: (self) => Array.from(entriesOf(self), ([, value]) => value),
});

/** `update` takes names besides. */
export function updateNamed(self: AnyDict, named: ReadonlyMap<string, unknown>): void {
  for (const [key, value] of named) setKey(self, key, value);
}
