import { compileExpression, type Evaluate, type Frame, type Scope } from "./compile.ts";
import type { Library } from "./library.ts";
import { spend, spendSize } from "./meter.ts";
import type { Statement, Target } from "./nodes.ts";
import { typeError, valueError } from "./python-error.ts";
import { equal, truth } from "./values/compare.ts";
import { itemsOf } from "./values/members.ts";
import { textOf } from "./values/text.ts";
import { Callable, Namespace, Undefined } from "./values/types.ts";

/** Gathers the text that comes out. */
export class Output {
  text = "";

  add(text: string): void {
    spendSize(this.text.length + text.length);
    this.text += text;
  }
}

export type Run = (frame: Frame, output: Output) => void;

export function compileBody(body: readonly Statement[], library: Library): Run {
  const runs = body.map((statement) => compileStatement(statement, library));
  const [only] = runs;
  if (runs.length === 1 && only !== undefined) return only;
  return (frame, output) => {
    for (const run of runs) run(frame, output);
  };
}

function compileStatement(statement: Statement, library: Library): Run {
  switch (statement.kind) {
    case "data": {
      const { text } = statement;
      return (_frame, output) => output.add(text);
    }
    case "output": {
      const value = compileExpression(statement.value, library);
      return (frame, output) => output.add(textOf(value(frame)));
    }
    case "set": {
      const value = compileExpression(statement.value, library);
      const assign = compileTarget(statement.target);
      return (frame) => assign(frame, value(frame));
    }
    case "set-block":
      return compileSetBlock(statement, library);
    case "with":
      return compileWith(statement, library);
    case "if-block": {
      const branches = statement.branches.map(
        ([test, body]) => [compileExpression(test, library), compileBody(body, library)] as const,
      );
      const otherwise = compileBody(statement.otherwise, library);
      return (frame, output) => {
        for (const [test, body] of branches) if (truth(test(frame))) return body(frame, output);
        otherwise(frame, output);
      };
    }
    case "for":
      return compileFor(statement, library);
  }
}

type Assign = (frame: Frame, value: unknown) => void;

function compileTarget(target: Target): Assign {
  if (target.kind === "name") {
    const { name } = target;
    return (frame, value) => {
      frame.scope ??= { names: new Map(), parent: null };
      frame.scope.names.set(name, value);
    };
  }
  if (target.kind === "member") return compileMember(target.on, target.name);
  const targets = target.items.map(compileTarget);
  return (frame, value) => {
    const items = itemsOf(value);
    if (items.length !== targets.length) throw valueError("the number of values to unpack is another one");
    for (const [index, assign] of targets.entries()) assign(frame, items[index]);
  };
}

function compileMember(on: string, name: string): Assign {
  return (frame, value) => {
    let scope: Scope | null = frame.scope;
    while (scope !== null && !scope.names.has(on)) scope = scope.parent;
    const holder = scope?.names.get(on) ?? frame.variables[on];
    if (holder instanceof Undefined) holder.fail();
    if (!(holder instanceof Namespace && holder.className === "Namespace"))
      throw typeError("cannot assign attribute on non-namespace object");
    holder.attributes.set(name, value);
  };
}

function within(frame: Frame, run: () => void): void {
  const outer = frame.scope;
  frame.scope = { names: new Map(), parent: outer };
  try {
    run();
  } finally {
    frame.scope = outer;
  }
}

function compileSetBlock(statement: Extract<Statement, { kind: "set-block" }>, library: Library): Run {
  const body = compileBody(statement.body, library);
  const filters = compileExpression(statement.filters, library);
  const assign = statement.target === null ? null : compileTarget(statement.target);
  return (frame, output) => {
    const inner = new Output();
    let value: unknown;
    within(frame, () => {
      body(frame, inner);
      // The filters read the body's text under a name that no template can write.
      frame.scope?.names.set("", inner.text);
      value = filters(frame);
    });
    if (assign === null) output.add(textOf(value));
    else assign(frame, value);
  };
}

function compileWith(statement: Extract<Statement, { kind: "with" }>, library: Library): Run {
  const members = statement.members.map(
    ([target, value]) => [compileTarget(target), compileExpression(value, library)] as const,
  );
  const body = compileBody(statement.body, library);
  return (frame, output) => {
    const values = members.map(([, value]) => value(frame));
    within(frame, () => {
      for (const [index, [assign]] of members.entries()) assign(frame, values[index]);
      body(frame, output);
    });
  };
}

function compileFor(statement: Extract<Statement, { kind: "for" }>, library: Library): Run {
  const items = compileExpression(statement.items, library);
  const assign = compileTarget(statement.target);
  const filter = statement.filter === null ? null : compileExpression(statement.filter, library);
  const body = compileBody(statement.body, library);
  const otherwise = compileBody(statement.otherwise, library);
  return (frame, output) => {
    let members = [...itemsOf(items(frame))];
    if (filter !== null) members = members.filter((item) => isKept(frame, assign, filter, item));
    if (members.length === 0) return within(frame, () => otherwise(frame, output));
    const loop = new Loop(members);
    for (const [index, item] of members.entries()) {
      spend(1);
      within(frame, () => {
        frame.scope?.names.set("loop", loop.at(index));
        assign(frame, item);
        body(frame, output);
      });
    }
  };
}

function isKept(frame: Frame, assign: Assign, filter: Evaluate, item: unknown): boolean {
  let isWanted = false;
  within(frame, () => {
    assign(frame, item);
    isWanted = truth(filter(frame));
  });
  return isWanted;
}

/** `loop` inside of a loop. */
class Loop {
  readonly #items: readonly unknown[];
  readonly #attributes = new Map<string, unknown>();
  readonly #value = new Namespace("LoopContext", this.#attributes);
  #seen: readonly unknown[] | undefined;

  constructor(items: readonly unknown[]) {
    this.#items = items;
    this.#attributes.set("length", items.length);
    this.#attributes.set("depth", 1);
    this.#attributes.set("depth0", 0);
  }

  at(index: number): Namespace {
    const { length } = this.#items;
    const attributes = this.#attributes;
    attributes.set("index", index + 1);
    attributes.set("index0", index);
    attributes.set("revindex", length - index);
    attributes.set("revindex0", length - index - 1);
    attributes.set("first", index === 0);
    attributes.set("last", index === length - 1);
    attributes.set(
      "previtem",
      index === 0 ? new Undefined("there is no previous item") : this.#items[index - 1],
    );
    attributes.set(
      "nextitem",
      index === length - 1 ? new Undefined("there is no next item") : this.#items[index + 1],
    );
    attributes.set(
      "cycle",
      new Callable("cycle", (args) => {
        if (args.length === 0) throw typeError("no items for cycling given");
        return args[index % args.length];
      }),
    );
    attributes.set("changed", new Callable("changed", (args) => this.#hasChanged(args)));
    return this.#value;
  }

  #hasChanged(values: readonly unknown[]): boolean {
    const isSame = this.#seen !== undefined && equal([...this.#seen], [...values]);
    this.#seen = values;
    return !isSame;
  }
}
