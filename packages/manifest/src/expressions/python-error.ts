import { WeirError } from "@weir/protocol";

/** What Jinja or Python would raise, by the class name that Python gives it. Messages never quote values. */
export class PythonError extends WeirError {
  /** `TypeError`, `ValueError`, `UndefinedError`, `ZeroDivisionError`, ...; `LimitError` for work that is too much. */
  readonly kind: string;

  constructor(kind: string, message: string) {
    super({
      code: codeOf(kind),
      message: `An expression fails with ${kind}: ${message}.`,
      next: nextOf(kind),
      recovery: "stop",
      origin: "source",
    });
    this.name = "PythonError";
    this.kind = kind;
  }
}

function codeOf(kind: string): string {
  if (kind === "UndefinedError") return "manifest.undefined";
  if (kind === "LimitError") return "manifest.limit";
  return kind.startsWith("Template") ? "manifest.template" : "manifest.expression";
}

function nextOf(kind: string): string {
  if (kind === "LimitError") return "Make the expression do less: smaller ranges, texts or loops.";
  if (kind === "UndefinedError") return "Check that the configuration and the data have the fields it names.";
  return "Correct the expression in the manifest, or the value it reads.";
}

export function typeError(message: string): PythonError {
  return new PythonError("TypeError", message);
}

export function valueError(message: string): PythonError {
  return new PythonError("ValueError", message);
}

export function overflowError(message: string): PythonError {
  return new PythonError("OverflowError", message);
}

export function undefinedError(message: string): PythonError {
  return new PythonError("UndefinedError", message);
}

export function syntaxError(message: string): PythonError {
  return new PythonError("TemplateSyntaxError", message);
}

export function limitError(message: string): PythonError {
  return new PythonError("LimitError", message);
}
