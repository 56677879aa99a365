import type { Failure } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

type Trouble = Pick<Failure, "message" | "next" | "recovery">;

const TROUBLES = {
  file_missing: (name) => ({
    message: `${name} is not there any more.`,
    next: "Nothing, if it was meant to go: the next attempt looks again which files there are.",
    recovery: "retry",
  }),
  file_changed: (name) => ({
    message: `${name} was written while it was read; nothing of this part was kept.`,
    next: "Write files under another name and rename them when they are whole; the next attempt looks again.",
    recovery: "retry",
  }),
  file_cut: (name, what) => ({
    message: `${name} is not whole: ${what}.`,
    next: "Bring the whole file, or take it away, and run again.",
    recovery: "ask",
  }),
  file_unreadable: (name, what) => ({
    message: `${name} cannot be read: ${what}.`,
    next: "Give the user that runs Weir the right to read it, or take it out of `files`.",
    recovery: "ask",
  }),
  file_outside: (name) => ({
    message: `${name} leads out of the root folder.`,
    next: "Move the file below `root`, or set `root` to a folder that holds it.",
    recovery: "ask",
  }),
  root_missing: (name, what) => ({
    message: `The root folder ${name} cannot be used: ${what}.`,
    next: "Correct `root`.",
    recovery: "ask",
  }),
  no_files: (name) => ({
    message: `No file matches ${name}.`,
    next: "Correct `files` or `root`; patterns know * ? [] {} and **.",
    recovery: "ask",
  }),
  not_text: (name, what) => ({
    message: `${name} cannot be read as text: ${what}.`,
    next: "Set `encoding` to what the file is written in, or `format` to what it is.",
    recovery: "ask",
  }),
  row_too_large: (name, what) => ({
    message: `${name} has a row of more than 64 MB (${what}).`,
    next: "Look whether a quote is not closed there, or whether `csv.quote` or `format` is wrong.",
    recovery: "ask",
  }),
  header_missing: (name) => ({
    message: `${name} has no header that can be read.`,
    next: "Correct `csv.quote`, `csv.delimiter` and `csv.skip_lines`, or set `csv.header` to false.",
    recovery: "ask",
  }),
  parquet_unreadable: (name, what) => ({
    message: `${name} cannot be read as Parquet: ${what}`,
    next: "Bring the whole file, or take it away, and run again.",
    recovery: "ask",
  }),
  unreachable: (name) => ({
    message: `${name} cannot be reached.`,
    next: "Wait and run again; look whether the server is up.",
    recovery: "retry",
  }),
  unavailable: (name, what) => ({
    message: `${name} cannot be had now: ${what}.`,
    next: "Wait and run again; look whether the server is up.",
    recovery: "retry",
  }),
  refused: (name, what) => ({
    message: `${name} was refused: ${what}.`,
    next: "Correct the address or the token.",
    recovery: "ask",
  }),
} as const satisfies Record<string, (name: string, what: string) => Trouble>;

export type FileTrouble = keyof typeof TROUBLES;

export interface TroubleOptions {
  readonly what?: string | undefined;
  readonly cause?: unknown;
  readonly path?: string | undefined;
}

export function fileError(trouble: FileTrouble, name: string, options: TroubleOptions = {}): WeirError {
  const { what = "", cause, path } = options;
  return new WeirError(
    {
      code: `source.${trouble}`,
      origin: "source",
      ...TROUBLES[trouble](name, what),
      ...(path === undefined ? {} : { path }),
      ...(cause instanceof Error ? { detail: detailOf(cause) } : {}),
    },
    { cause },
  );
}

/** fetch says "fetch failed" and keeps the reason in the cause. */
function detailOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** What the bytes of a part are that a destination may not take as they are. */
export function notCanonical(name: string, what: string): WeirError {
  return new WeirError({
    code: "source.file_not_canonical",
    message: `${name} cannot be given as it is: ${what}.`,
    next: "Nothing: the part is read again value by value.",
    recovery: "skip",
    origin: "source",
  });
}
