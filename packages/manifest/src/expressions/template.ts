import { ExactNumber, type JsonValue } from "@weir/protocol";
import { compileExpression, type Evaluate, isGiven } from "./compile.ts";
import type { PythonType, Template, TemplateOptions, Variables } from "./contract.ts";
import type { Library } from "./library.ts";
import { literalOf, NO_LITERAL } from "./literal.ts";
import { type Limits, startMeter } from "./meter.ts";
import type { Statement } from "./nodes.ts";
import { parseTemplate } from "./parser/template.ts";
import { PythonError, valueError } from "./python-error.ts";
import { compileBody, Output, type Run } from "./statements.ts";
import { undeclaredNames } from "./undeclared.ts";
import { equal } from "./values/compare.ts";
import { toJson } from "./values/json.ts";
import { textOf } from "./values/text.ts";
import { isInt, typeName } from "./values/types.ts";

/** Texts and values that stand for false. Dicts, lists and tuples that are empty are looked at apart. */
const FALSE_TEXTS: ReadonlySet<unknown> = new Set(["False", "false", "{}", "[]", "()", "", "0", "0.0"]);

/** Rendered to nothing, which a text of nothing between quotes is not. */
const NOTHING = Symbol("nothing");

export type Compile = (text: string) => CompiledTemplate;

export class CompiledTemplate implements Template {
  readonly text: string;
  readonly isPlain: boolean;
  readonly #limits: Limits;
  readonly #compile: Compile;
  readonly #names: readonly string[];
  readonly #run: Run;
  /** The value of a template that is one expression and nothing else. */
  readonly #value: Evaluate | undefined;

  constructor(text: string, library: Library, limits: Limits, compile: Compile) {
    this.text = text;
    this.#limits = limits;
    this.#compile = compile;
    const body = text.includes("{") ? parseTemplate(text) : plainBody(text);
    this.isPlain = body.every(({ kind }) => kind === "data");
    this.#names = undeclaredNames(body, (name) => library.globals.has(name));
    this.#run = compileBody(body, library);
    const [only] = body;
    this.#value =
      body.length === 1 && only?.kind === "output" ? compileExpression(only.value, library) : undefined;
  }

  render(variables: Variables): string {
    startMeter(this.#limits);
    return guarded(() => this.#render(variables));
  }

  evaluate(variables: Variables, options: TemplateOptions = {}): JsonValue | undefined {
    startMeter(this.#limits);
    return guarded(() => this.#evaluate(variables, options));
  }

  test(variables: Variables): boolean {
    return !standsForFalse(this.evaluate(variables, { fallback: "False" }));
  }

  #render(variables: Variables): string {
    const output = new Output();
    this.#run({ variables, scope: null }, output);
    return output.text;
  }

  #evaluate(variables: Variables, options: TemplateOptions): JsonValue | undefined {
    if (this.text.includes("stream_state"))
      throw new PythonError(
        "AirbyteTracedException",
        "stream_state is no longer there; take stream_interval",
      );
    const { validTypes, fallback } = options;
    try {
      const found = this.#found(variables, validTypes);
      if (found !== NOTHING) return found;
      if (fallback === undefined) return "";
    } catch (error) {
      const isUndefined = error instanceof PythonError && error.kind === "UndefinedError";
      if (!isUndefined || fallback === undefined) throw error;
    }
    if (fallback === null) return null;
    const found = this.#compile(fallback).#found(variables, validTypes);
    return found === NOTHING ? "" : found;
  }

  /** What it evaluates to, its own text where Python raises a TypeError on the way. */
  #found(variables: Variables, validTypes: readonly PythonType[] | undefined): JsonValue | typeof NOTHING {
    this.#checkNames(variables);
    let text: string;
    try {
      if (this.#value !== undefined) {
        const value = this.#value({ variables, scope: null });
        const direct = directly(value);
        if (direct !== undefined && isValid(direct, validTypes)) return direct;
        text = textOf(value);
      } else text = this.#render(variables);
    } catch (error) {
      if (!(error instanceof PythonError && error.kind === "TypeError")) throw error;
      text = this.text;
    }
    return text === "" ? NOTHING : read(text, validTypes);
  }

  #checkNames(variables: Variables): void {
    for (const name of this.#names)
      if (!isGiven(variables, name)) throw valueError(`it names variables that are not there: ${name}`);
  }
}

function plainBody(text: string): readonly Statement[] {
  const data = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  return data === "" ? [] : [{ kind: "data", text: data }];
}

/**
 * The value itself where its text, read as a literal, is the same value: numbers, constants, lists and dicts of JSON. Texts
 * are not: "123" becomes 123.
 */
function directly(value: unknown): JsonValue | undefined {
  // Python prints no more than 4,300 digits; nothing does so faster than printing.
  if (typeof value === "bigint") textOf(value);
  return typeof value === "string" ? undefined : toJson(value);
}

function read(text: string, validTypes: readonly PythonType[] | undefined): JsonValue {
  const literal = literalOf(text);
  if (literal === NO_LITERAL) return text;
  const value = toJson(literal);
  return value !== undefined && isValid(value, validTypes) ? value : text;
}

function isValid(value: JsonValue, validTypes: readonly PythonType[] | undefined): boolean {
  if (validTypes === undefined || validTypes.length === 0) return true;
  const type = typeName(value);
  return validTypes.includes(type as PythonType) || (type === "bool" && validTypes.includes("int"));
}

function standsForFalse(value: JsonValue | undefined): boolean {
  if (typeof value === "string") return FALSE_TEXTS.has(value);
  if (value === null || value === undefined) return false;
  if (typeof value === "boolean" || isInt(value) || value instanceof ExactNumber) return equal(value, false);
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** A stack or a text that is too large for JavaScript is a limit, too. */
function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) throw new PythonError("LimitError", "it goes too deep or gets too long");
    throw error;
  }
}
