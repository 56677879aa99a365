import type { JsonValue } from "@weir/protocol";
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Alias, Document, Node, Pair, Scalar } from "yaml";
import type { Problem } from "./problem.ts";
import { ProjectError } from "./problem.ts";
import type { Finding } from "./validate.ts";

/** Aliases a file may use: enough for any person, too few to blow a small file up. */
const MAX_ALIASES = 1000;

/** A YAML file as values, with the place of each. */
export class YamlDocument {
  /** As the user named it, for messages. */
  readonly file: string;
  readonly value: JsonValue;
  readonly #document: Document;
  readonly #lines = new LineCounter();

  /** Throws ProjectError with every syntax error. */
  constructor(file: string, text: string) {
    this.file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
    const [first, ...others] = this.#document.errors.map((error) =>
      this.#problemAt(error.pos[0], {
        code: "config.yaml_invalid",
        message: sentence(error.message),
        next: "Correct the YAML: two blanks for each level, a blank after each colon.",
      }),
    );
    if (first !== undefined) throw new ProjectError([first, ...others]);
    this.value = this.#toValue(this.#document.contents, [], { aliases: 0, open: new Set() });
  }

  problem(finding: Finding): Problem {
    const { path, at, ...rest } = finding;
    return { ...this.#problemAt(this.#offset(path, at), rest), path: path.join(".") };
  }

  /** `weir.yaml:7:5` of a key, or of the closest thing around it that exists. */
  place(path: readonly string[]): string {
    const { line, column } = this.#position(this.#offset(path, "key"));
    return `${this.file}:${line}:${column}`;
  }

  #problemAt(
    offset: number,
    what: { readonly code: string; readonly message: string; readonly next: string },
  ): Problem {
    const { line, column } = this.#position(offset);
    const message = `${this.file}:${line}:${column}: ${what.message}`;
    return { ...what, message, recovery: "ask", origin: "config", file: this.file, line, column };
  }

  #position(offset: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(offset);
    // An empty file has no lines, and its problems stand at its beginning.
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #offset(path: readonly string[], at: "key" | "value"): number {
    let node: Node | null = this.#document.contents;
    let last = { key: node?.range?.[0] ?? 0, value: node?.range?.[0] ?? 0 };
    for (const step of path) {
      const found = this.#child(node, step);
      // What is not there is missed in what should hold it, and that is best shown by its key.
      if (found === undefined) return last.key;
      const value = found.value?.range?.[0];
      const key = found.key?.range?.[0] ?? value ?? last.key;
      last = { key, value: value ?? key };
      node = found.value;
    }
    return last[at];
  }

  #child(node: Node | null, step: string): { readonly key?: Node; readonly value: Node | null } | undefined {
    const parent = this.#resolved(node);
    if (isSeq(parent)) {
      const item = parent.items[Number(step)] as Node | undefined;
      return item === undefined ? undefined : { value: item };
    }
    if (!isMap(parent)) return undefined;
    const pair = parent.items.find((each) => keyOf(each as Pair<Node, Node | null>) === step);
    return isPair(pair) ? { key: pair.key as Node, value: pair.value as Node | null } : undefined;
  }

  #resolved(node: Node | null): Node | null {
    return isAlias(node) ? (node.resolve(this.#document) ?? null) : node;
  }

  #toValue(node: Node | null, path: readonly string[], reading: Reading): JsonValue {
    if (node === null) return null;
    if (isAlias(node)) return this.#aliased(node, path, reading);
    if (isScalar(node)) return scalarValue(node);
    if (isSeq(node)) {
      return node.items.map((item, index) => this.#toValue(item as Node, [...path, String(index)], reading));
    }
    if (!isMap(node)) return null;
    const entries = node.items.map((pair) => {
      const key = keyOf(pair as Pair<Node, Node | null>);
      return [key, this.#toValue(pair.value as Node | null, [...path, key], reading)] as const;
    });
    return Object.fromEntries(entries);
  }

  #aliased(node: Alias, path: readonly string[], reading: Reading): JsonValue {
    const target = this.#resolved(node);
    reading.aliases += 1;
    if (target === null || reading.open.has(target) || reading.aliases > MAX_ALIASES) {
      throw new ProjectError([
        this.problem({
          path,
          at: "value",
          code: "config.alias_invalid",
          message: `The alias *${node.source} ${reading.aliases > MAX_ALIASES ? "is used too often" : "contains itself"}.`,
          next: "Write the value out.",
        }),
      ]);
    }
    reading.open.add(target);
    const value = this.#toValue(target, path, reading);
    reading.open.delete(target);
    return value;
  }
}

interface Reading {
  aliases: number;
  readonly open: Set<Node>;
}

function keyOf(pair: Pair<Node, Node | null>): string {
  const { key } = pair;
  return isScalar<string | number | boolean | null>(key) ? String(key.value ?? "") : String(key);
}

function scalarValue(node: Scalar): JsonValue {
  const { value, source = "" } = node;
  if (typeof value === "number" && !Number.isSafeInteger(value) && /^[-+]?\d+$/.test(source)) {
    return BigInt(source);
  }
  if (
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean" ||
    value === null
  ) {
    return value;
  }
  return source;
}

function sentence(text: string): string {
  const line = text.split("\n")[0] ?? "";
  return line.endsWith(".") ? line : `${line}.`;
}
