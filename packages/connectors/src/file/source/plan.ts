import type { JsonValue } from "@weir/protocol";
import type { FoundFile } from "./found.ts";
import { headOf } from "./local.ts";
import { type FileState, isSame, NOTHING, readState, type Version } from "./state.ts";

/** A file that is still to be read. */
export interface Task {
  readonly file: FoundFile;
  readonly version: Version;
  /** Where reading goes on: a byte or a row; 0 for the whole file. */
  readonly from: number;
}

export interface Plan {
  readonly tasks: readonly Task[];
  /** What the state covers that is gone on from. */
  readonly done: FileState;
  readonly restart: string | undefined;
  readonly notices: readonly string[];
}

/** Digests read at the same time. */
const AT_ONCE = 8;

/** What is to be read after a state. `resumed`: the state belongs to a full refresh that was interrupted. */
export async function planOf(
  files: readonly FoundFile[],
  json: JsonValue | null,
  resumed: boolean,
  signal: AbortSignal,
): Promise<Plan> {
  const versions = await versionsOf(files, signal);
  const all = files.flatMap((file) => {
    const version = versions.get(file.key);
    return version === undefined ? [] : [{ file, version, from: 0 }];
  });
  const state = json === null ? NOTHING : readState(json);
  if (state === undefined) return fresh(all, "the state was not written by this source");
  const known = new Map(state.files);
  if (state.begun !== undefined) known.set(state.begun.key, state.begun);
  const changed = all.filter(({ file, version }) => {
    const before = known.get(file.key);
    return before !== undefined && !isSame(before, version);
  });
  const gone = resumed && [...known.keys()].some((key) => !versions.has(key));
  if (resumed && json !== null && (changed.length > 0 || gone)) {
    return fresh(
      all,
      `files changed since the read began: ${changed.map(({ file }) => file.name)[0] ?? "one is gone"}`,
    );
  }
  const { begun } = state;
  const goesOn =
    begun !== undefined && all.some(({ file, version }) => file.key === begun.key && isSame(begun, version));
  const tasks = all.flatMap((task): readonly Task[] => {
    const { key } = task.file;
    if (goesOn && key === begun.key) return [{ ...task, from: begun.next }];
    const before = state.files.get(key);
    return before !== undefined && isSame(before, task.version) ? [] : [task];
  });
  return {
    // The one that was begun comes first: a state knows one such file only.
    tasks: tasks.toSorted((a, b) => Number(b.from > 0) - Number(a.from > 0)),
    done: { files: state.files, begun: goesOn ? begun : undefined },
    restart: undefined,
    notices: noticesOf(changed),
  };
}

function fresh(tasks: readonly Task[], restart: string): Plan {
  return { tasks, done: NOTHING, restart, notices: [] };
}

function noticesOf(changed: readonly Task[]): readonly string[] {
  return changed.length === 0
    ? []
    : [
        `${changed.length === 1 ? `${changed[0]?.file.name} has` : `${changed.length} files have`} changed since the last sync ` +
          "and are read again whole; rows of their earlier versions stay where the destination keeps no key.",
      ];
}

async function versionsOf(
  files: readonly FoundFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Version>> {
  const found = new Map<string, Version>();
  const queue = files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) {
      signal.throwIfAborted();
      found.set(file.key, { size: file.size, stamp: file.stamp, head: await headOf(file) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}
