import type { Recovery } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

interface Rule {
  readonly pattern: RegExp;
  readonly code: string;
  readonly recovery: Recovery;
  readonly message: (path: string, match: RegExpExecArray) => string;
  readonly next: string;
}

/** By DuckDB's own texts: its errors carry a class name and a sentence, no code. First match wins. */
const RULES: readonly Rule[] = [
  {
    pattern: /Could not set lock on file.*?held in (.*?) \(PID (\d+)\)/s,
    code: "destination.locked",
    recovery: "retry",
    message: (path, [, program = "", pid = ""]) =>
      `${path} is open in another process: ${program.split("/").at(-1)}, process ${pid}.`,
    next: "Close it there: DuckDB lets one process at a time write a file.",
  },
  {
    pattern: /Could not set lock on file/,
    code: "destination.locked",
    recovery: "retry",
    message: (path) => `${path} is open in another process.`,
    next: "Close it there: DuckDB lets one process at a time write a file.",
  },
  {
    pattern: /not a valid DuckDB database file/,
    code: "destination.not_duckdb",
    recovery: "ask",
    message: (path) => `${path} is there, but it is no DuckDB database.`,
    next: "Choose another path, or move the file away.",
  },
  {
    pattern: /database file with version number (\d+)|created with (?:a )?(?:newer|DuckDB)|storage version/i,
    code: "destination.newer_file",
    recovery: "ask",
    message: (path) => `${path} was written by a DuckDB whose files this one cannot read.`,
    next: "Choose another path, or export the file with that DuckDB (EXPORT DATABASE) and import it with 1.5.",
  },
  {
    pattern: /Corrupt database file|checksum/i,
    code: "destination.corrupt_file",
    recovery: "ask",
    message: (path) => `${path} is damaged: DuckDB finds a wrong checksum.`,
    next: "Restore it from a copy, or choose another path and sync again.",
  },
  {
    pattern: /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT|could not write all bytes/i,
    code: "destination.disk_full",
    recovery: "ask",
    message: (path) => `The disk that holds ${path} is full.`,
    next: "Free some space. Nothing of what was not committed is kept; the next sync goes on from the last checkpoint.",
  },
  {
    pattern: /Permission denied|EACCES|EPERM|Read-only file system|EROFS|read-only mode/,
    code: "destination.not_writable",
    recovery: "ask",
    message: (path) => `${path} may not be written.`,
    next: "Give this user the right to write the file and its directory, or choose another path.",
  },
  {
    pattern: /Is a directory/,
    code: "destination.path_unusable",
    recovery: "ask",
    message: (path) => `${path} is a directory.`,
    next: "Give the path of a file.",
  },
  {
    pattern:
      /Cannot open file|Not a directory|No such file or directory|File name too long|EEXIST|ENOTDIR|ENOENT|ENAMETOOLONG/,
    code: "destination.path_unusable",
    recovery: "ask",
    message: (path) => `${path} cannot be created or opened.`,
    next: "Look at the path: every part but the last must be a directory.",
  },
  {
    pattern: /^Out of Memory Error|failed to (?:allocate|offload|pin)/,
    code: "destination.out_of_memory",
    recovery: "ask",
    message: () => "DuckDB needs more memory than memory_limit allows.",
    next: "Raise memory_limit in the destination's configuration, or lower threads.",
  },
  {
    pattern: /^TransactionContext Error.*[Cc]onflict|write-write conflict/s,
    code: "destination.conflict",
    recovery: "retry",
    message: () => "Another transaction changed the same rows or tables.",
    next: "Nothing: the sync is tried again.",
  },
  {
    pattern: /^Dependency Error|^(?:Binder|Catalog) Error: Cannot (?:alter|change|drop)/,
    code: "destination.table_dependent",
    recovery: "ask",
    message: () => "The table must change, and an index, a constraint or another table depends on it.",
    next: "Drop what depends on the table, sync, and make it again.",
  },
  {
    pattern: /Constraint Error: (.*)/,
    code: "destination.constraint",
    recovery: "ask",
    message: (_path, [, text = ""]) => `A constraint of the table refuses the rows: ${withoutValues(text)}.`,
    next: "Drop the constraint, or give the table another name in the destination.",
  },
];

/** Any error of DuckDB or the file system as a WeirError. A WeirError passes through. */
export function duckdbError(error: unknown, path: string): WeirError {
  if (error instanceof WeirError) return error;
  const text = error instanceof Error ? error.message : String(error);
  for (const { pattern, code, recovery, message, next } of RULES) {
    const match = pattern.exec(text);
    if (match === null) continue;
    return new WeirError(
      { code, message: message(path, match), next, recovery, origin: "destination", detail: detailOf(text) },
      { cause: error },
    );
  }
  return new WeirError(
    {
      code: "destination.duckdb_failed",
      message: `DuckDB failed: ${detailOf(text)}`,
      next: "Run again; if it repeats, report it with this message.",
      recovery: "retry",
      origin: "destination",
      detail: detailOf(text),
    },
    { cause: error },
  );
}

/** The first line; rows and values that DuckDB quotes after it belong to the user, not into a log. */
function detailOf(text: string): string {
  return withoutValues(text.split("\n")[0] ?? "");
}

function withoutValues(text: string): string {
  return text.replaceAll(
    /key "[^"]*"|string "[^"]*"|value "[^"]*"/g,
    (found) => `${found.split(" ")[0]} (not shown)`,
  );
}

/** Errors that say the bytes do not fit: the typed route can find the value. */
export function isMisfitError(error: unknown): boolean {
  const text = error instanceof Error ? error.message : "";
  return /^(?:Conversion|Invalid Input|Out of Range|Constraint|Parser) Error/.test(text);
}

export function isMissingTable(error: unknown): boolean {
  const cause = error instanceof WeirError ? error.cause : error;
  return cause instanceof Error && /^Catalog Error: (?:Table|Schema) with name/.test(cause.message);
}
