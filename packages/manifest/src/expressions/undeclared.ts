import type { CallArguments, Expression, Statement, Target } from "./nodes.ts";

/**
 * The names that a template takes from its variables, seen without running it: also where no branch reaches them. A name
 * that is set in a branch only counts as taken, as in Jinja.
 */
export function undeclaredNames(body: readonly Statement[], isGlobal: (name: string) => boolean): string[] {
  const found = new Set<string>();
  visitBody(body, { stored: new Set([""]), parent: null, found });
  return [...found].filter((name) => !isGlobal(name));
}

interface Scope {
  readonly stored: Set<string>;
  readonly parent: Scope | null;
  readonly found: Set<string>;
}

function isKnown(scope: Scope | null, name: string): boolean {
  return scope !== null && (scope.stored.has(name) || isKnown(scope.parent, name));
}

function inside(scope: Scope): Scope {
  return { stored: new Set(), parent: scope, found: scope.found };
}

function visitBody(body: readonly Statement[], scope: Scope): void {
  for (const statement of body) visitStatement(statement, scope);
}

function store(target: Target, scope: Scope): void {
  if (target.kind === "name") scope.stored.add(target.name);
  else if (target.kind === "member") load(target.on, scope);
  else for (const item of target.items) store(item, scope);
}

function load(name: string, scope: Scope): void {
  if (!isKnown(scope, name)) scope.found.add(name);
}

function visitStatement(statement: Statement, scope: Scope): void {
  switch (statement.kind) {
    case "data":
      return;
    case "output":
      return visit(statement.value, scope);
    case "set":
      visit(statement.value, scope);
      return store(statement.target, scope);
    case "set-block": {
      visitBody(statement.body, inside(scope));
      visit(statement.filters, scope);
      if (statement.target !== null) store(statement.target, scope);
      return;
    }
    case "with": {
      const inner = inside(scope);
      for (const [target, value] of statement.members) {
        visit(value, scope);
        store(target, inner);
      }
      return visitBody(statement.body, inner);
    }
    case "for": {
      visit(statement.items, scope);
      const inner = inside(scope);
      store(statement.target, inner);
      inner.stored.add("loop");
      if (statement.filter !== null) visit(statement.filter, inner);
      visitBody(statement.body, inner);
      return visitBody(statement.otherwise, inside(scope));
    }
    case "if-block":
      return visitBranches(statement, scope);
  }
}

function visitBranches(statement: Extract<Statement, { kind: "if-block" }>, scope: Scope): void {
  const stored = new Set<string>();
  const branch = (test: Expression | null, body: readonly Statement[]): void => {
    const inner = { ...scope, stored: new Set(scope.stored) };
    if (test !== null) visit(test, inner);
    visitBody(body, inner);
    for (const name of inner.stored) if (!scope.stored.has(name)) stored.add(name);
  };
  for (const [test, body] of statement.branches) branch(test, body);
  branch(null, statement.otherwise);
  for (const name of stored) {
    if (!isKnown(scope.parent, name)) scope.found.add(name);
    scope.stored.add(name);
  }
}

function visitArguments(args: CallArguments, scope: Scope): void {
  for (const value of args.positional) visit(value, scope);
  for (const [, value] of args.named) visit(value, scope);
  if (args.star !== undefined) visit(args.star, scope);
  if (args.doubleStar !== undefined) visit(args.doubleStar, scope);
}

function visit(node: Expression, scope: Scope): void {
  switch (node.kind) {
    case "constant":
      return;
    case "name":
      return load(node.name, scope);
    case "list":
    case "tuple":
    case "concat":
      for (const item of node.items) visit(item, scope);
      return;
    case "dict":
      for (const [key, value] of node.members) {
        visit(key, scope);
        visit(value, scope);
      }
      return;
    case "attribute":
    case "not":
    case "negative":
    case "positive":
      return visit(node.on, scope);
    case "item":
      visit(node.on, scope);
      return visit(node.key, scope);
    case "slice":
      visit(node.on, scope);
      for (const bound of node.bounds) if (bound !== null) visit(bound, scope);
      return;
    case "call":
    case "filter":
    case "test":
      visit(node.on, scope);
      return visitArguments(node.args, scope);
    case "and":
    case "or":
    case "binary":
      visit(node.left, scope);
      return visit(node.right, scope);
    case "compare":
      visit(node.first, scope);
      for (const [, value] of node.rest) visit(value, scope);
      return;
    case "if":
      visit(node.test, scope);
      visit(node.then, scope);
      if (node.otherwise !== null) visit(node.otherwise, scope);
  }
}
