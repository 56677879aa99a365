import type { Command } from "../measure/command.ts";
import { psqlEnvironment, SOURCE, TARGET } from "../servers.ts";
import type { Servers } from "../servers.ts";
import { createTable, metaConstants, SELECTED } from "./tables.ts";
import type { Width } from "./tables.ts";

/** PostgreSQL's own client. */
export const PSQL = "psql";

const COMMAND = [PSQL, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"] as const;

/** psql writes a COPY into the FIFO. */
export function copyOut(servers: Servers, fifo: string, select: string, options: string): Command {
  return {
    argv: [...COMMAND, "-c", `copy (${select}) to stdout (${options})`],
    env: psqlEnvironment(servers, SOURCE),
    stdout: fifo,
  };
}

/** COPY binary from one psql piped to another. */
export function copyBinary(servers: Servers, fifo: string, width: Width): readonly Command[] {
  const select = `select ${metaConstants("postgres", width)}${SELECTED} from lineitem`;
  return [
    copyOut(servers, fifo, select, "format binary"),
    {
      argv: [
        ...COMMAND,
        "-c",
        createTable("postgres", width),
        "-c",
        "copy lineitem from stdin (format binary)",
      ],
      env: psqlEnvironment(servers, TARGET),
      stdin: fifo,
    },
  ];
}
