import { call, callOn, getAttribute, getItem, getSlice } from "./methods/attributes.ts";
import type { CallArguments, Comparison, Expression } from "./nodes.ts";
import { PythonError, typeError } from "./python-error.ts";
import { contains, equal, ordered, truth } from "./values/compare.ts";
import { Dict } from "./values/dict.ts";
import { itemsOf, entriesOf } from "./values/members.ts";
import { negated, operate, positive } from "./values/operators.ts";
import { textOf } from "./values/text.ts";
import { type Named, Tuple, typeName, Undefined, isDict } from "./values/types.ts";
import { joinTexts } from "./methods/text.ts";
import type { Applied, Library } from "./library.ts";
import type { Variables } from "./contract.ts";

/** Names that statements set, innermost first. */
export interface Scope {
  readonly names: Map<string, unknown>;
  readonly parent: Scope | null;
}

/** One evaluation. */
export interface Frame {
  readonly variables: Variables;
  scope: Scope | null;
}

export type Evaluate = (frame: Frame) => unknown;

const NO_NAMES: Named = new Map();

/** Old names of variables. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["stream_interval", "stream_slice"],
  ["stream_partition", "stream_slice"],
]);

export function isGiven(variables: Variables, name: string): boolean {
  return ownVariable(variables, name, ALIASES.get(name) ?? name) !== undefined;
}

/** Under its name, or under the name that its old one stands for; undefined where neither is there. */
function ownVariable(variables: Variables, name: string, alias: string): unknown {
  if (Object.hasOwn(variables, name)) return variables[name];
  return alias !== name && Object.hasOwn(variables, alias) ? variables[alias] : undefined;
}

/** Makes an expression into functions, once. What they reach: the frame's names, the library's, nothing else. */
export function compileExpression(node: Expression, library: Library): Evaluate {
  const compile = (inner: Expression): Evaluate => compileExpression(inner, library);
  switch (node.kind) {
    case "constant": {
      const { value } = node;
      return () => value;
    }
    case "name":
      return compileName(node.name, library);
    case "list": {
      const items = node.items.map(compile);
      return (frame) => items.map((item) => item(frame));
    }
    case "tuple": {
      const items = node.items.map(compile);
      return (frame) => Tuple.holding(items.map((item) => item(frame)));
    }
    case "concat": {
      const items = node.items.map(compile);
      return (frame) =>
        joinTexts(
          "",
          items.map((item) => textOf(item(frame))),
        );
    }
    case "dict":
      return compileDict(node.members.map(([key, value]) => [compile(key), compile(value)] as const));
    case "attribute": {
      const on = compile(node.on);
      const { name } = node;
      return (frame) => getAttribute(on(frame), name);
    }
    case "item": {
      const on = compile(node.on);
      const key = compile(node.key);
      return (frame) => getItem(on(frame), key(frame));
    }
    case "slice": {
      const on = compile(node.on);
      const [start, stop, step] = node.bounds.map((bound) => (bound === null ? () => null : compile(bound)));
      return (frame) => getSlice(on(frame), start?.(frame), stop?.(frame), step?.(frame));
    }
    case "call":
      return compileCall(node.on, node.args, library);
    case "filter": {
      const filter = library.filters.get(node.name);
      if (filter === undefined)
        throw new PythonError("TemplateAssertionError", `No filter named '${node.name}'`);
      return compileApplied(filter, compile(node.on), node.args, library);
    }
    case "test": {
      const test = library.tests.get(node.name);
      if (test === undefined) throw new PythonError("TemplateAssertionError", `No test named '${node.name}'`);
      return compileApplied(test, compile(node.on), node.args, library);
    }
    case "not": {
      const on = compile(node.on);
      return (frame) => !truth(on(frame));
    }
    case "negative": {
      const on = compile(node.on);
      return (frame) => negated(on(frame));
    }
    case "positive": {
      const on = compile(node.on);
      return (frame) => positive(on(frame));
    }
    case "and":
    case "or":
      return compileLogic(node.kind === "or", compile(node.left), compile(node.right));
    case "binary": {
      const left = compile(node.left);
      const right = compile(node.right);
      const { operator } = node;
      return (frame) => operate(operator, left(frame), right(frame));
    }
    case "compare":
      return compileComparison(
        compile(node.first),
        node.rest.map(([operator, value]) => [COMPARE[operator], compile(value)] as const),
      );
    case "if": {
      const test = compile(node.test);
      const then = compile(node.then);
      const otherwise =
        node.otherwise === null
          ? () => new Undefined("the condition is false and there is no else")
          : compile(node.otherwise);
      return (frame) => (truth(test(frame)) ? then(frame) : otherwise(frame));
    }
  }
}

function compileName(name: string, library: Library): Evaluate {
  const variable = ALIASES.get(name) ?? name;
  const global = library.globals.get(name);
  const hint = `'${name}' is undefined`;
  return (frame) => {
    for (let scope = frame.scope; scope !== null; scope = scope.parent) {
      const known = scope.names.get(name);
      if (known !== undefined) return known;
    }
    const value = ownVariable(frame.variables, name, variable);
    // null is None, and not absent.
    if (value !== undefined) return value;
    return global ?? new Undefined(hint);
  };
}

/** A dict with keys of text is a plain object, unless JavaScript would change the order of the keys. */
function compileDict(members: readonly (readonly [Evaluate, Evaluate])[]): Evaluate {
  return (frame) => {
    const pairs = members.map(([key, value]) => [key(frame), value(frame)] as const);
    if (!pairs.every(([key]) => typeof key === "string" && !/^\d/.test(key))) return Dict.of(pairs);
    const made = Object.create(null) as Record<string, unknown>;
    for (const [key, value] of pairs) made[key as string] = value;
    return made;
  };
}

function compileLogic(isOr: boolean, left: Evaluate, right: Evaluate): Evaluate {
  return (frame) => {
    const value = left(frame);
    return truth(value) === isOr ? value : right(frame);
  };
}

const COMPARE: Readonly<Record<Comparison, (a: unknown, b: unknown) => boolean>> = {
  "==": (a, b) => equal(a, b),
  "!=": (a, b) => !equal(a, b),
  "<": (a, b) => ordered("<", a, b),
  "<=": (a, b) => ordered("<=", a, b),
  ">": (a, b) => ordered(">", a, b),
  ">=": (a, b) => ordered(">=", a, b),
  in: (a, b) => contains(b, a),
  "not in": (a, b) => !contains(b, a),
};

function compileComparison(
  first: Evaluate,
  rest: readonly (readonly [(a: unknown, b: unknown) => boolean, Evaluate])[],
): Evaluate {
  return (frame) => {
    let left = first(frame);
    for (const [compare, value] of rest) {
      const right = value(frame);
      if (!compare(left, right)) return false;
      left = right;
    }
    return true;
  };
}

interface Given {
  readonly args: (frame: Frame) => unknown[];
  readonly named: (frame: Frame) => Named;
}

function compileArguments(args: CallArguments, library: Library): Given {
  const positional = args.positional.map((node) => compileExpression(node, library));
  const named = args.named.map(([name, node]) => [name, compileExpression(node, library)] as const);
  const star = args.star === undefined ? undefined : compileExpression(args.star, library);
  const doubleStar = args.doubleStar === undefined ? undefined : compileExpression(args.doubleStar, library);
  const plain = (frame: Frame): unknown[] => positional.map((value) => value(frame));
  return {
    args: star === undefined ? plain : (frame) => [...plain(frame), ...itemsOf(star(frame))],
    named:
      named.length === 0 && doubleStar === undefined
        ? () => NO_NAMES
        : (frame) => {
            const values = new Map(named.map(([name, value]) => [name, value(frame)]));
            if (doubleStar !== undefined) addNamed(values, doubleStar(frame));
            return values;
          },
  };
}

function addNamed(values: Map<string, unknown>, more: unknown): void {
  if (!isDict(more)) throw typeError(`argument after ** must be a mapping, not ${typeName(more)}`);
  for (const [key, value] of entriesOf(more)) values.set(textOf(key), value);
}

function compileCall(on: Expression, args: CallArguments, library: Library): Evaluate {
  const given = compileArguments(args, library);
  if (on.kind === "attribute") {
    const self = compileExpression(on.on, library);
    const { name } = on;
    return (frame) => callOn(self(frame), name, given.args(frame), given.named(frame));
  }
  const called = compileExpression(on, library);
  return (frame) => call(called(frame), given.args(frame), given.named(frame));
}

function compileApplied(applied: Applied, on: Evaluate, args: CallArguments, library: Library): Evaluate {
  const given = compileArguments(args, library);
  return (frame) => applied(on(frame), given.args(frame), given.named(frame));
}
