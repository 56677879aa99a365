import { connectors } from "@weir/connectors";
import type { Command } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { table } from "../../output/table.ts";

export const listConnectors: Command<object> = async (context) => ({
  code: exitCodes.done,
  result: connectors.map(({ id, kind, title }) => ({ id, kind, title })),
  lines: [
    ...table(
      [{ title: "Connector" }, { title: "Title" }],
      connectors.map(({ id, title }) => [id, title]),
      { head: (line) => context.style("bold", line) },
    ),
    "",
    'Run "weir connector show <connector>" for its settings.',
  ],
});
