import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { nameOf, readCassette } from "./cassette.ts";
import type { ConnectorScore, Verdict } from "./score.ts";
import { allFailed, scoreOf } from "./score.ts";

/** A connector that takes longer hangs: its process is ended and all of it counts as different. */
const CONNECTOR_MS = 240_000;

export interface RunOptions {
  readonly folder: string;
  readonly files: readonly string[];
  readonly workers: number;
  readonly note: (line: string) => void;
}

/** Every cassette once, in as many processes; the order of the scores is that of the files. */
export async function runAll({ folder, files, workers, note }: RunOptions): Promise<ConnectorScore[]> {
  const scores = new Map<string, ConnectorScore>();
  const waiting = [...files];
  const work = async (): Promise<void> => {
    let child: ChildProcess | null = null;
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      child ??= fork(new URL("worker.ts", import.meta.url));
      const started = Date.now();
      const verdicts = await verdictsFrom(child, folder, file);
      const seconds = (Date.now() - started) / 1000;
      const cassette = readCassette(file);
      if (typeof verdicts === "string") {
        note(`${nameOf(file)}: ${verdicts}`);
        child.kill("SIGKILL");
        child = null;
      }
      const counted = typeof verdicts === "string" ? allFailed(cassette, verdicts) : verdicts;
      scores.set(file, scoreOf(cassette, counted, seconds));
    }
    child?.kill();
  };
  await Promise.all(Array.from({ length: workers }, work));
  return files.flatMap((file) => scores.get(file) ?? []);
}

/** Its verdicts, or why there are none. */
function verdictsFrom(
  child: ChildProcess,
  folder: string,
  file: string,
): Promise<readonly Verdict[] | string> {
  return new Promise((resolve) => {
    const settle = (result: readonly Verdict[] | string): void => {
      clearTimeout(timer);
      child.off("message", onMessage);
      child.off("exit", onExit);
      resolve(result);
    };
    const onMessage = (message: unknown): void => settle(message as readonly Verdict[]);
    const onExit = (code: number | null): void => settle(`Its process ended with ${code ?? "a signal"}.`);
    const timer = setTimeout(
      () => settle(`It took longer than ${CONNECTOR_MS / 1000} seconds.`),
      CONNECTOR_MS,
    );
    child.on("message", onMessage);
    child.on("exit", onExit);
    child.send({ folder, file });
  });
}
