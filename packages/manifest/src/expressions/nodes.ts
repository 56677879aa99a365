import type { Operator } from "./values/operators.ts";

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

export interface CallArguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
  readonly star?: Expression | undefined;
  readonly doubleStar?: Expression | undefined;
}

export type Expression =
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list" | "tuple" | "concat"; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly members: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "attribute"; readonly on: Expression; readonly name: string }
  | { readonly kind: "item"; readonly on: Expression; readonly key: Expression }
  | {
      readonly kind: "slice";
      readonly on: Expression;
      readonly bounds: readonly [Expression | null, Expression | null, Expression | null];
    }
  | { readonly kind: "call"; readonly on: Expression; readonly args: CallArguments }
  | { readonly kind: "filter"; readonly on: Expression; readonly name: string; readonly args: CallArguments }
  | { readonly kind: "test"; readonly on: Expression; readonly name: string; readonly args: CallArguments }
  | { readonly kind: "not" | "negative" | "positive"; readonly on: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "binary";
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "compare";
      readonly first: Expression;
      readonly rest: readonly (readonly [Comparison, Expression])[];
    }
  | {
      readonly kind: "if";
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | null;
    };

/** What `set` and `for` write to. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "member"; readonly on: string; readonly name: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[] };

export type Statement =
  | { readonly kind: "data"; readonly text: string }
  | { readonly kind: "output"; readonly value: Expression }
  | {
      readonly kind: "if-block";
      readonly branches: readonly (readonly [Expression, readonly Statement[]])[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: "for";
      readonly target: Target;
      readonly items: Expression;
      readonly filter: Expression | null;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
  /** `filters` stands for the body's text put through filters: an expression over the name `""`. */
  | {
      readonly kind: "set-block";
      readonly target: Target | null;
      readonly body: readonly Statement[];
      readonly filters: Expression;
    }
  | {
      readonly kind: "with";
      readonly members: readonly (readonly [Target, Expression])[];
      readonly body: readonly Statement[];
    };
