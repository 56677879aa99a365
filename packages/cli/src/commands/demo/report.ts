import { relative } from "node:path";
import type { JsonValue } from "@weir/protocol";
import type { CommandContext, Outcome } from "../../command.ts";
import { exitCodeOf, exitCodes } from "../../exit-code.ts";
import { failureLines, maskFailure } from "../../output/failure.ts";
import { bytes, count, rate } from "../../output/numbers.ts";
import { table } from "../../output/table.ts";
import { pad } from "../../output/width.ts";
import type { FinishedSync } from "../../sync/run.ts";

export interface DemoStep {
  readonly title: string;
  /** The system and file or database the rows lie in. */
  readonly where: string;
  readonly finished: FinishedSync;
}

interface Places {
  readonly file: string;
  readonly project: string;
}

/** The table of all that moved, where it lies, and what to try next. */
export function demoOutcome(context: CommandContext, steps: readonly DemoStep[], places: Places): Outcome {
  const failed = steps.find(({ finished }) => finished.result.status !== "succeeded");
  const failure = failed?.finished.result.failure;
  const shown = (path: string): string => relative(context.cwd, path) || ".";
  const next = nextCommands(shown(places.project));
  const widest = Math.max(...next.map(({ command }) => command.length));
  const { style } = context;
  return {
    code:
      failed === undefined ? exitCodes.done : failure === undefined ? exitCodes.failed : exitCodeOf(failure),
    result: {
      file: shown(places.file),
      steps: steps.map(({ title, finished }) => ({
        title,
        firstRowMs: finished.firstRowMs,
        ...finished.result,
      })),
      next: next.map(({ command }) => command),
    } as unknown as JsonValue,
    lines:
      failed === undefined
        ? [
            "",
            ...summary(context, steps),
            "",
            `The data lies in ${style("bold", shown(places.file))}; PostgreSQL has been stopped and removed.`,
            "",
            "Try next:",
            ...next.map(
              ({ command, about }) => `  ${style("cyan", pad(command, widest))}  ${style("dim", about)}`,
            ),
          ]
        : failure === undefined
          ? []
          : failureLines(maskFailure(failure, context.secrets), style),
    failure,
  };
}

function summary(context: CommandContext, steps: readonly DemoStep[]): readonly string[] {
  const columns = [
    { title: "Step" },
    { title: "Stream" },
    { title: "Rows", align: "right" },
    { title: "Bytes", align: "right" },
    { title: "Rows/s", align: "right" },
    { title: "Lies in" },
    { title: "Verified" },
  ] as const;
  const rows = steps.flatMap(({ title, where, finished }) =>
    finished.result.streams.map((stream, index) => [
      index === 0 ? title : "",
      stream.stream,
      count(stream.rows.committed),
      bytes(stream.bytes),
      stream.rows.committed === 0 ? "-" : rate(stream.rows.committed, stream.seconds),
      `${where}, ${stream.table}`,
      stream.verified === undefined
        ? "-"
        : `${stream.verified.outcome}, ${count(stream.verified.destination?.rows ?? 0)}`,
    ]),
  );
  return table(columns, rows, { head: (line) => context.style("bold", line) });
}

function nextCommands(project: string): readonly { readonly command: string; readonly about: string }[] {
  const file = `--file ${/^[\w./-]+$/.test(project) ? project : `'${project}'`}`;
  return [
    { command: `npx weir preview samples purchases ${file}`, about: "look at a source's rows" },
    { command: `npx weir sync ${file}`, about: "sync a project: 10,000 sample users into DuckDB" },
    { command: "npx weir init", about: "write a project of your own" },
  ];
}
