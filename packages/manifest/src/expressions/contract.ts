import type { JsonValue } from "@weir/protocol";

/**
 * What a template can name: `config`, `record`, `response`, `stream_slice`, ... Values are JSON data (numbers as SPEC.md says) or
 * values of this folder. `stream_partition` and `stream_interval` stand for `stream_slice`.
 */
export type Variables = Readonly<Record<string, unknown>>;

/** The Python types a result may have; anything else stays the rendered text. */
export type PythonType = "str" | "int" | "float" | "bool" | "list" | "dict" | "tuple";

export interface TemplateOptions {
  /** Absent: every type. */
  readonly validTypes?: readonly PythonType[] | undefined;
  /**
   * Taken where the template meets an undefined value or renders to nothing, itself evaluated as a template. Absent: undefined
   * values fail with `manifest.undefined`, and nothing is the empty text.
   */
  readonly fallback?: string | null | undefined;
}

/** A template, compiled. The same for every record, slice and page; holds no state. */
export interface Template {
  readonly text: string;
  /** Has neither expression nor statement; what it evaluates to never changes. */
  readonly isPlain: boolean;
  /** The text that Jinja gives. Fails with a PythonError where Jinja raises. */
  render(variables: Variables): string;
  /** The rendered text read as a Python literal where it is one: what manifests mean by a value. */
  evaluate(variables: Variables, options?: TemplateOptions): JsonValue | undefined;
  /** As a condition: false for the texts and values that stand for false in manifests, true for all else. */
  test(variables: Variables): boolean;
}
