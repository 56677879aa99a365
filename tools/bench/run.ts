import { measure } from "./measure/command.ts";
import type { Measured } from "./measure/command.ts";
import { median } from "./measure/statistics.ts";
import type { Contender, Contents, Route } from "./routes/route.ts";

/** Medians over the runs of one contender. */
export interface Figures {
  readonly rowsPerSecond: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: number;
  /** The highest of all runs. */
  readonly peakMemoryBytes: number;
  /** Seconds of each run, in order. */
  readonly runs: readonly number[];
}

export interface NativeLimit extends Figures {
  readonly name: string;
}

/** A time that Weir must keep to. */
export interface TimeLimit {
  readonly seconds: number;
}

export interface Outcome {
  readonly route: string;
  readonly rows: number;
  /** Weir's speed by the limit's. */
  readonly ratio: number;
  /** The least the ratio may be. */
  readonly target: number;
  readonly weir: Figures;
  readonly limit: NativeLimit | TimeLimit;
  /** The limit without Weir's four columns, and Weir's speed by that. */
  readonly dataColumns?: Figures & { readonly ratio: number };
  readonly memoryLimitBytes: number;
}

export interface RunOptions {
  readonly runs: number;
  readonly postmaster: number;
  note(text: string): void;
}

/** The contenders take turns, so that what disturbs the machine for a while disturbs all of them. */
export async function runRoute(route: Route, options: RunOptions): Promise<Outcome> {
  const { limit } = route;
  await route.begin?.();
  const contenders = {
    ...(limit.kind === "native" ? { limit: limit.contender } : {}),
    weir: route.weir,
    ...(limit.kind === "native" && limit.dataColumns !== undefined ? { dataColumns: limit.dataColumns } : {}),
  };
  const measured: Record<keyof typeof contenders, Measured[]> = { limit: [], weir: [], dataColumns: [] };
  let seen: Contents | undefined;
  for (let round = 1; round <= options.runs; round++) {
    for (const [name, contender] of Object.entries(contenders) as [keyof typeof contenders, Contender][]) {
      const { run, contents } = await runOnce(contender, options.postmaster);
      checkContents(route, name, contents, seen);
      seen ??= contents;
      measured[name].push(run);
      options.note(`${route.name}, round ${round}, ${name}: ${run.seconds.toFixed(2)} s`);
    }
  }
  return outcomeOf(route, measured);
}

async function runOnce(
  contender: Contender,
  postmaster: number,
): Promise<{ readonly run: Measured; readonly contents: Contents }> {
  await contender.prepare();
  const run = await measure(contender.commands, postmaster);
  return { run, contents: await contender.contents(run) };
}

/** A run that leaves other rows than it should proves nothing about speed. */
function checkContents(route: Route, name: string, contents: Contents, seen: Contents | undefined): void {
  if (contents.rows !== route.rows)
    throw new Error(`${route.name}, ${name}: ${contents.rows} rows at the destination, not ${route.rows}`);
  if (seen !== undefined && contents.digest !== seen.digest)
    throw new Error(`${route.name}, ${name}: other values at the destination than the run before left`);
}

export function outcomeOf(
  { name, rows, memoryBytes, limit }: Route,
  measured: Readonly<Record<"limit" | "weir" | "dataColumns", readonly Measured[]>>,
): Outcome {
  const weir = figuresOf(measured.weir, rows);
  const common = { route: name, rows, weir, memoryLimitBytes: memoryBytes };
  if (limit.kind === "seconds")
    return { ...common, ratio: limit.seconds / weir.seconds, target: 1, limit: { seconds: limit.seconds } };
  const native = figuresOf(measured.limit, rows);
  const outcome = {
    ...common,
    ratio: native.seconds / weir.seconds,
    target: limit.target,
    limit: { name: limit.name, ...native },
  };
  if (measured.dataColumns.length === 0) return outcome;
  const alone = figuresOf(measured.dataColumns, rows);
  return { ...outcome, dataColumns: { ratio: alone.seconds / weir.seconds, ...alone } };
}

function figuresOf(runs: readonly Measured[], rows: number): Figures {
  const seconds = median(runs.map((run) => run.seconds));
  return {
    rowsPerSecond: Math.round(rows / seconds),
    seconds,
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
    serverCpuSeconds: median(runs.map((run) => run.serverCpuSeconds)),
    peakMemoryBytes: Math.max(...runs.map((run) => run.peakBytes)),
    runs: runs.map((run) => run.seconds),
  };
}
