import { connectors } from "@weir/connectors";
import type { JsonValue } from "@weir/protocol";
import type { Command } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { table } from "../../output/table.ts";
import type { Setting } from "../../project/settings.ts";
import { settingsOf } from "../../project/settings.ts";
import { suggestion } from "../../project/suggest.ts";
import { usageError } from "../../project/usage.ts";

export const showConnector: Command<object> = async (context, [id = ""]) => {
  const row = connectors.find((each) => each.id === id);
  if (row === undefined) {
    throw usageError(
      `There is no connector "${id}".`,
      `${suggestion(
        id,
        connectors.map((each) => each.id),
        "connectors",
      )} \`weir connector list\` shows all of them.`,
      "usage.connector_unknown",
    );
  }
  const { spec } = await row.load();
  const settings = settingsOf(spec.connectionSpecification);
  return {
    code: exitCodes.done,
    result: { id: row.id, kind: row.kind, title: row.title, spec } as unknown as JsonValue,
    lines: [
      `${context.style("bold", row.title)} (${row.id})`,
      ...(spec.documentationUrl === undefined ? [] : [spec.documentationUrl]),
      "",
      ...(settings.length === 0
        ? ["It has no settings."]
        : table(
            [
              { title: "Setting" },
              { title: "Type" },
              { title: "Default" },
              { title: "Meaning", widest: Number.POSITIVE_INFINITY },
            ],
            settings.map(cells),
            {
              widest: 72,
              head: (line) => context.style("bold", line),
            },
          )),
    ],
  };
};

function cells({ name, type, required, secret, fallback, about }: Setting): readonly string[] {
  return [name, type, required ? "required" : (fallback ?? ""), `${about}${secret ? " (secret)" : ""}`];
}
