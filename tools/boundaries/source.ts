import { parseSync } from "oxc-parser";

export type ImportKind = "static" | "type" | "dynamic";

export interface Import {
  readonly specifier: string;
  readonly kind: ImportKind;
}

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  readonly generated: boolean;
  readonly imports: readonly Import[];
}

export function readSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error) throw new Error(`${path} does not parse: ${error.message}`);
  const imports: Import[] = [];
  collect(program, imports);
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return { path, lines, generated: /^\/\/ Generated\b/.test(text), imports };
}

function collect(node: unknown, found: Import[]): void {
  if (Array.isArray(node)) {
    for (const each of node) collect(each, found);
    return;
  }
  if (!isNode(node)) return;
  const kind = kindOf(node);
  const specifier = kind && literal(node["source"] ?? argument(node));
  if (kind && specifier !== undefined) found.push({ specifier, kind });
  for (const value of Object.values(node)) if (typeof value === "object") collect(value, found);
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string };

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

// `import { type A } from "x"` still loads x under verbatimModuleSyntax: only `import type` does not.
function kindOf(node: Node): ImportKind | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return node["importKind"] === "type" ? "type" : "static";
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return node["exportKind"] === "type" ? "type" : "static";
    case "TSImportType":
      return "type";
    case "ImportExpression":
      return "dynamic";
    case "CallExpression":
      return isRequire(node["callee"]) ? "static" : undefined;
    default:
      return undefined;
  }
}

function isRequire(callee: unknown): boolean {
  return isNode(callee) && callee.type === "Identifier" && callee["name"] === "require";
}

function argument(node: Node): unknown {
  return Array.isArray(node["arguments"]) ? node["arguments"][0] : undefined;
}

function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "TSLiteralType") return literal(node["literal"]);
  if (node.type !== "Literal" && node.type !== "TemplateLiteral") return undefined;
  if (typeof node["value"] === "string") return node["value"];
  const quasis = node["quasis"];
  if (!Array.isArray(quasis) || quasis.length !== 1) return undefined;
  return (quasis[0] as { value: { cooked: string } }).value.cooked;
}
