import { connectors } from "@weir/connectors";
import type { WeirError } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";
import type { Endpoint } from "./endpoint.ts";
import { ProjectError } from "./problem.ts";
import { suggestion } from "./suggest.ts";
import { usageError } from "./usage.ts";

export function unknownConnector(endpoint: Endpoint): WeirError {
  const { kind, connector, declared } = endpoint;
  const ids = connectors.filter((row) => row.kind === kind).map(({ id }) => id);
  const other = connectors.find(({ id }) => id === connector);
  const message =
    other === undefined
      ? `There is no connector ${stringifyJson(connector)}.`
      : `${connector} is a ${other.kind}, not a ${kind}.`;
  const next = suggestion(connector, ids, `${kind}s`);
  if (declared === undefined) return usageError(message, next, "usage.connector_unknown");
  const path = [...declared.path, "connector"];
  return new ProjectError([
    declared.document.problem({ path, at: "value", code: "config.connector_unknown", message, next }),
  ]);
}
