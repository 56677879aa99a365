import type { Recovery } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

interface Words {
  readonly code: string;
  readonly recovery: Recovery;
  readonly message: (path: string) => string;
  readonly next: string;
}

const BY_CODE: Readonly<Record<string, Words>> = {
  ENOSPC: {
    code: "destination.disk_full",
    recovery: "ask",
    message: (path) => `The disk that holds ${path} is full.`,
    next: "Free some space. Nothing of what was not committed is kept; the next sync goes on from the last checkpoint.",
  },
  EACCES: {
    code: "destination.not_writable",
    recovery: "ask",
    message: (path) => `${path} may not be written.`,
    next: "Give this user the right to write the folder, or choose another one.",
  },
  ENOTDIR: {
    code: "destination.path_unusable",
    recovery: "ask",
    message: (path) => `${path} is not a folder, or a part of it is not.`,
    next: "Give the path of a folder.",
  },
};

const SAME: Readonly<Record<string, string>> = {
  EDQUOT: "ENOSPC",
  EPERM: "EACCES",
  EROFS: "EACCES",
  ENAMETOOLONG: "ENOTDIR",
};

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** Any error of the file system as a WeirError. A WeirError passes through. */
export function fileError(error: unknown, path: string): unknown {
  if (error instanceof WeirError || !(error instanceof Error) || error.name === "AbortError") return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const words = BY_CODE[SAME[code] ?? code];
  return new WeirError(
    {
      code: words?.code ?? "destination.write_failed",
      message: words?.message(path) ?? `Files in ${path} cannot be written or read: ${code}.`,
      next: words?.next ?? "Look at the folder and at the disk, then run again.",
      recovery: words?.recovery ?? "retry",
      origin: "destination",
      detail: error.message,
    },
    { cause: error },
  );
}

export function noHardLinks(path: string, cause: unknown): WeirError {
  return new WeirError(
    {
      code: "destination.no_hard_links",
      message: `The file system of ${path} has no hard links, by which commits are told from one another.`,
      next: "Choose a folder on a file system that has them, such as ext4, XFS, APFS or NTFS.",
      recovery: "ask",
      origin: "destination",
      detail: String(cause),
    },
    { cause },
  );
}

export async function guarded<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw fileError(error, path);
  }
}

export function unusable(message: string, next: string, stream?: string): WeirError {
  return new WeirError({
    code: "destination.folder_unusable",
    message,
    next,
    recovery: "ask",
    origin: "destination",
    ...(stream === undefined ? {} : { stream }),
  });
}
